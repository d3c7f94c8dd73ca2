package nano_test

import (
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/cluster"
	"github.com/lonng/nano/cluster/clusterpb"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/mock"
	"github.com/lonng/nano/pipeline"
	"github.com/lonng/nano/scheduler"
	"github.com/lonng/nano/serialize"
	"github.com/lonng/nano/serialize/json"
	"github.com/lonng/nano/serialize/protobuf"
	"github.com/lonng/nano/session"
)

// The names that programs written for nano 0.5 rely on, with their types: that this compiles is the test. Where a result was added
// to a function that had none, programs call it as a statement, which statements below do.

// Package nano.
var (
	_ string                                                                   = nano.VERSION
	_ func(fn func())                                                          = nano.Invoke
	_ func(name string) *nano.Group                                            = nano.NewGroup
	_ func()                                                                   = nano.Shutdown
	_ func(nano.SessionFilter) func(*session.Session) bool                     = func(f nano.SessionFilter) func(*session.Session) bool { return f }
	_ func(*nano.Group, *session.Session) error                                = (*nano.Group).Add
	_ func(*nano.Group, *session.Session) error                                = (*nano.Group).Leave
	_ func(*nano.Group, string, any) error                                     = (*nano.Group).Broadcast
	_ func(*nano.Group, string, any, nano.SessionFilter) error                 = (*nano.Group).Multicast
	_ func(*nano.Group, int64) (*session.Session, error)                       = (*nano.Group).Member
	_ func(*nano.Group, func(*session.Session) bool) (*session.Session, error) = (*nano.Group).FindMember
	_ func(*nano.Group) []int64                                                = (*nano.Group).Members
	_ func(*nano.Group, int64) bool                                            = (*nano.Group).Contains
	_ func(*nano.Group) int                                                    = (*nano.Group).Count
	_ func(*nano.Group) error                                                  = (*nano.Group).LeaveAll
	_ func(*nano.Group) error                                                  = (*nano.Group).Close

	_ = []error{nano.ErrSessionDuplication, nano.ErrClosedGroup, nano.ErrCloseClosedGroup, nano.ErrMemberNotFound}

	_ func(*component.Components) nano.Option                = nano.WithComponents
	_ func(serialize.Serializer) nano.Option                 = nano.WithSerializer
	_ func(bool) nano.Option                                 = nano.WithIsWebsocket
	_ func(time.Duration) nano.Option                        = nano.WithHeartbeatInterval
	_ func(nano.Logger) nano.Option                          = nano.WithLogger
	_ func(func(*http.Request) bool) nano.Option             = nano.WithCheckOriginFunc
	_ func(path string) nano.Option                          = nano.WithWSPath
	_ func() nano.Option                                     = nano.WithDebugMode
	_ func(pipeline.Pipeline) nano.Option                    = nano.WithPipeline
	_ func(addr string) nano.Option                          = nano.WithClientAddr
	_ func() nano.Option                                     = nano.WithMaster
	_ func(addr string, retry ...time.Duration) nano.Option  = nano.WithAdvertiseAddr
	_ func(label string) nano.Option                         = nano.WithLabel
	_ func(time.Duration) nano.Option                        = nano.WithTimerPrecision
	_ func(map[string]uint16) nano.Option                    = nano.WithDictionary
	_ func(uint64) nano.Option                               = nano.WithNodeId
	_ func(func(*session.Session, []byte) error) nano.Option = nano.WithHandshakeValidator
	_ func(func(cluster.Member)) nano.Option                 = nano.WithUnregisterCallback
	_ func(cert, key string) nano.Option                     = nano.WithTLSConfig
	_ func(cluster.CustomerRemoteServiceRoute) nano.Option   = nano.WithRemoteServiceRoute
)

// The misspelt names stay.
var (
	_ func(cert, key string) nano.Option                   = nano.WithTSLConfig
	_ func(cluster.CustomerRemoteServiceRoute) nano.Option = nano.WithCustomerRemoteServiceRoute
)

// A program embeds a group by value and copies what NewGroup returns.
type compatTable struct {
	nano.Group
	timer *scheduler.Timer
}

var _ = compatTable{Group: *nano.NewGroup("table"), timer: nil}

// What WithLogger takes.
var _ nano.Logger = interface {
	Println(v ...any)
	Fatal(v ...any)
	Fatalf(format string, v ...any)
}(nil)

// compatSession is an interface of a program that a session satisfies.
type compatSession interface {
	ID() int64
	UID() int64
	Bind(uid int64) error
	Push(route string, v any) error
	Response(v any) error
	ResponseMID(mid uint64, v any) error
	LastMid() uint64
	RPC(route string, v any) error
	Close()
	Clear()
	RemoteAddr() net.Addr
	Router() *session.Router
	NetworkEntity() session.NetworkEntity
	Set(key string, v any)
	Value(key string) any
	HasKey(key string) bool
	Remove(key string)
	State() map[string]any
	Restore(map[string]any)
	Int(key string) int
	Int8(key string) int8
	Int16(key string) int16
	Int32(key string) int32
	Int64(key string) int64
	Uint(key string) uint
	Uint8(key string) uint8
	Uint16(key string) uint16
	Uint32(key string) uint32
	Uint64(key string) uint64
	Float32(key string) float32
	Float64(key string) float64
	String(key string) string
}

// compatEntity is an entity of a program's own: these seven methods and no more.
type compatEntity struct{}

func (compatEntity) Push(route string, v any) error      { return nil }
func (compatEntity) RPC(route string, v any) error       { return nil }
func (compatEntity) LastMid() uint64                     { return 0 }
func (compatEntity) Response(v any) error                { return nil }
func (compatEntity) ResponseMid(mid uint64, v any) error { return nil }
func (compatEntity) Close() error                        { return nil }
func (compatEntity) RemoteAddr() net.Addr                { return nil }

// Package session.
var (
	_ compatSession                                = (*session.Session)(nil)
	_ session.NetworkEntity                        = compatEntity{}
	_ func(session.NetworkEntity) *session.Session = session.New
	_ func(func(*session.Session))                 = session.Lifetime.OnClosed
	_ error                                        = session.ErrIllegalUID
	_ func(*session.Router, string, string)        = (*session.Router).Bind
	_ func(*session.Router, string) (string, bool) = (*session.Router).Find
	_ func(*session.Router, string)                = (*session.Router).Delete
)

// Package component.
var (
	_ component.Component = interface {
		Init()
		AfterInit()
		BeforeShutdown()
		Shutdown()
	}(nil)
	_ component.Component = (*component.Base)(nil)
	_ component.Component = struct{ *component.Base }{} // embeds a nil *Base
	_                     = component.Base{}

	_ func(*component.Components, component.Component, ...component.Option) = (*component.Components).Register
	_ func(string) component.Option                                         = component.WithName
	_ func(func(string) string) component.Option                            = component.WithNameFunc
	_ func(string) component.Option                                         = component.WithSchedulerName
)

// Package scheduler.
var (
	_ func(time.Duration, func()) *scheduler.Timer            = scheduler.NewTimer
	_ func(time.Duration, int, func()) *scheduler.Timer       = scheduler.NewCountTimer
	_ func(time.Duration, func()) *scheduler.Timer            = scheduler.NewAfterTimer
	_ func(scheduler.TimerCondition, func()) *scheduler.Timer = scheduler.NewCondTimer
	_ func(*scheduler.Timer) int64                            = (*scheduler.Timer).ID
	_ func(*scheduler.Timer)                                  = (*scheduler.Timer).Stop
	_ func(scheduler.Task)                                    = scheduler.PushTask
	_ scheduler.Task                                          = func() {}
	_ scheduler.LocalScheduler                                = interface{ Schedule(scheduler.Task) }(nil)
)

// Package pipeline.
var (
	_ func() pipeline.Pipeline                 = pipeline.New
	_ func(pipeline.Pipeline) pipeline.Channel = pipeline.Pipeline.Inbound
	_ func(pipeline.Pipeline) pipeline.Channel = pipeline.Pipeline.Outbound
	_ func(pipeline.Channel, pipeline.Func)    = pipeline.Channel.PushFront
	_ func(pipeline.Channel, pipeline.Func)    = pipeline.Channel.PushBack
	_ pipeline.Func                            = func(*session.Session, *pipeline.Message) error { return nil }
	_                                          = pipeline.Message{Type: 0, ID: 1, Route: "route", Data: []byte{}}
)

// Packages serialize, cluster, clusterpb and mock.
var (
	_ interface{ Marshal(any) ([]byte, error) } = serialize.Marshaler(nil)
	_ interface{ Unmarshal([]byte, any) error } = serialize.Unmarshaler(nil)
	_ serialize.Serializer                      = interface {
		serialize.Marshaler
		serialize.Unmarshaler
	}(nil)
	_ serialize.Serializer = json.NewSerializer()
	_ serialize.Serializer = protobuf.NewSerializer()

	_                                    = cluster.Member.MemberInfo
	_                                    = cluster.Member.String
	_ cluster.CustomerRemoteServiceRoute = func(service string, s *session.Session, members []*clusterpb.MemberInfo) *clusterpb.MemberInfo {
		return members[0]
	}
	_                                      = clusterpb.MemberInfo{Label: "", ServiceAddr: "", Services: []string{}}
	_ func(*clusterpb.MemberInfo) string   = (*clusterpb.MemberInfo).GetLabel
	_ func(*clusterpb.MemberInfo) string   = (*clusterpb.MemberInfo).GetServiceAddr
	_ func(*clusterpb.MemberInfo) []string = (*clusterpb.MemberInfo).GetServices

	_ session.NetworkEntity                 = mock.NewNetworkEntity()
	_ func(*mock.NetworkEntity) any         = (*mock.NetworkEntity).LastResponse
	_ func(*mock.NetworkEntity, uint64) any = (*mock.NetworkEntity).FindResponseByMID
	_ func(*mock.NetworkEntity, string) any = (*mock.NetworkEntity).FindResponseByRoute
)

// compatMain is the end of a program's main; it is not run.
func compatMain(opts []nano.Option) {
	nano.Listen(":3250", opts...)
	nano.Listen(":3250",
		nano.WithIsWebsocket(true),
		nano.WithAdvertiseAddr("127.0.0.1:4450"),
		nano.WithAdvertiseAddr("127.0.0.1:4450", time.Second),
	)
}

func TestNames(t *testing.T) {
	_ = compatMain
	var cs component.Components
	for _, c := range cs.List() {
		var _ component.Component = c.Comp
		var _ []component.Option = c.Opts
	}
	info := clusterpb.MemberInfo{Label: "gate", ServiceAddr: "10.0.0.1:4450", Services: []string{"Room"}}
	m := cluster.NewMember(info)
	if got := m.MemberInfo(); got.GetLabel() != "gate" || got.GetServiceAddr() != "10.0.0.1:4450" || len(got.GetServices()) != 1 {
		t.Errorf("MemberInfo: %v", got)
	}
	if m.String() == "" {
		t.Error("a member without a text")
	}
	var none *clusterpb.MemberInfo
	if none.GetLabel() != "" || none.GetServiceAddr() != "" || none.GetServices() != nil {
		t.Error("the getters of a nil member")
	}
}
