package nano

import (
	"time"

	"github.com/lonng/nano/cluster"
)

func clusterOption(name string) Option {
	return func(c *config) { c.clusterOption = or(c.clusterOption, name) }
}

// WithMaster makes the server the master of a cluster. This version has no cluster: starting is an error.
func WithMaster() Option { return clusterOption("WithMaster") }

// WithAdvertiseAddr makes the server a member of the cluster of the master at addr. This version has no cluster: starting is an
// error.
func WithAdvertiseAddr(addr string, retry ...time.Duration) Option {
	return clusterOption("WithAdvertiseAddr")
}

// WithUnregisterCallback sets a function that is called when a member leaves the cluster. Without a cluster it is
// never called.
func WithUnregisterCallback(fn func(cluster.Member)) Option { return func(*config) {} }

// WithRemoteServiceRoute sets how the member that serves a session is chosen. Without a cluster there is nothing to choose.
func WithRemoteServiceRoute(route cluster.CustomerRemoteServiceRoute) Option {
	return func(*config) {}
}

// WithLabel sets what route functions see of this server. It means something in a cluster only.
func WithLabel(label string) Option { return func(*config) {} }

// WithNodeId was the number of a node in its session ids. Ids need none: it does nothing.
func WithNodeId(id uint64) Option { return func(*config) {} }

// WithTSLConfig is WithTLSConfig.
//
// Deprecated: use WithTLSConfig.
//
//go:fix inline
func WithTSLConfig(certificate, key string) Option { return WithTLSConfig(certificate, key) }

// WithCustomerRemoteServiceRoute is WithRemoteServiceRoute.
//
// Deprecated: use WithRemoteServiceRoute.
//
//go:fix inline
func WithCustomerRemoteServiceRoute(route cluster.CustomerRemoteServiceRoute) Option {
	return WithRemoteServiceRoute(route)
}
