// Package cluster has the types of nano's cluster options.
package cluster

import (
	"fmt"

	"github.com/lonng/nano/cluster/clusterpb"
	"github.com/lonng/nano/session"
)

// CustomerRemoteServiceRoute chooses, among the members that have a service, the one that a session's messages to that
// service go to; nil leaves the choice to nano.
type CustomerRemoteServiceRoute func(service string, s *session.Session, members []*clusterpb.MemberInfo) *clusterpb.MemberInfo

// Member is a node of a cluster.
type Member struct{ info clusterpb.MemberInfo }

// NewMember returns the member that info describes.
func NewMember(info clusterpb.MemberInfo) Member { return Member{info} }

// MemberInfo returns the member's description, a copy.
func (m Member) MemberInfo() *clusterpb.MemberInfo {
	info := m.info
	return &info
}

// String returns the member's address and label.
func (m Member) String() string { return fmt.Sprintf("%s (%s)", m.info.ServiceAddr, m.info.Label) }
