//go:build !race

package nano_test

import (
	"context"
	"io"
	"net"
	"testing"

	"github.com/gobwas/ws"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// The race detector makes pools forget, so that these hold without it only. What is counted is all that the process allocates
// while a request goes over a real server's connection; clients and serializer allocate nothing.

// flat is a message that a flatCodec reads and writes without allocating.
type flat struct {
	n int
	b [32]byte
}

type flatCodec struct{}

func (flatCodec) Name() string { return "flat" }

func (flatCodec) Marshal(v any) ([]byte, error) { return flatCodec{}.AppendMarshal(nil, v) }

func (flatCodec) AppendMarshal(dst []byte, v any) ([]byte, error) {
	f := v.(*flat)
	return append(dst, f.b[:f.n]...), nil
}

func (flatCodec) Unmarshal(b []byte, v any) error {
	f := v.(*flat)
	f.n = copy(f.b[:], b)
	return nil
}

// Meter is a component of methods, which are called by reflection.
type Meter struct{ component.Base }

var flatAnswer = &flat{n: 5}

func (*Meter) Context(context.Context, *flat) (*flat, error) { return flatAnswer, nil }
func (*Meter) Session(s *session.Session, _ *flat) error     { return s.Response(flatAnswer) }
func (*Meter) Raw(s *session.Session, _ []byte) error        { return s.Response(flatAnswer) }
func (*Meter) Notify(s *session.Session, _ *flat) error      { return s.Push("p", flatAnswer) }
func (*Meter) NotifyRaw(s *session.Session, _ []byte) error  { return s.Push("p", flatAnswer) }
func (*Meter) Both(*session.Session, *flat) (*flat, error)   { return flatAnswer, nil }
func flatHandler(context.Context, *flat) (*flat, error)      { return flatAnswer, nil }
func flatNotified(ctx context.Context, _ *flat) error {
	return session.FromContext(ctx).Push("p", flatAnswer)
}
func registerMeter(s *nano.Server, name string, o ...component.Option) {
	s.Register(&Meter{}, append(o, component.WithName(name))...)
}

// exchange returns a function that says something and reads what comes back, the same each time.
func exchange(t *testing.T, nc net.Conn, say []byte, answer int) func() {
	buf := make([]byte, answer)
	return func() {
		if _, err := nc.Write(say); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(nc, buf); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPressureAllocations(t *testing.T) {
	srv := newServer(t, nano.WithSerializer(flatCodec{}), nano.WithHeartbeatInterval(-1))
	nano.Handle(srv.Server, "func", flatHandler)
	nano.Handle(srv.Server, "funcSide", flatHandler, component.Concurrent())
	nano.HandleNotify(srv.Server, "notified", flatNotified)
	registerMeter(srv.Server, "m")
	registerMeter(srv.Server, "side", component.Concurrent())
	h := newPressHost(t, nano.WithSerializer(flatCodec{}), nano.WithHeartbeatInterval(-1))
	nano.Handle(h.Server, "func", flatHandler)
	nano.Handle(h.Server, "funcSide", flatHandler, component.Concurrent())
	registerMeter(h.Server, "m")
	h.start()

	const (
		response = wire.HeaderLen + 2 + 5
		push     = wire.HeaderLen + 3 + 5
	)
	for _, test := range []struct {
		say    []byte
		answer int
		most   float64
	}{
		{packRequest(1, "func", "hello"), response, 1}, // the request
		{packRequest(1, "funcSide", "hello"), response, 1},
		{packNotify("notified", "hello"), push, 1},
		{packRequest(1, "m.Context", "hello"), response, 4},
		{packRequest(1, "m.Session", "hello"), response, 4},
		{packRequest(1, "m.Both", "hello"), response, 4},
		{packRequest(1, "m.Raw", "hello"), response, 4},
		{packNotify("m.Notify", "hello"), push, 4},
		{packNotify("m.NotifyRaw", "hello"), push, 4},
		{packRequest(1, "side.Context", "hello"), response, 4},
	} {
		m, err := wire.ParseMessage(test.say[wire.HeaderLen:])
		must(t, err)
		t.Run(string(m.Route), func(t *testing.T) {
			c := newPressClient(t, srv.DialRaw(t)).shake()
			once := exchange(t, c.Conn, test.say, test.answer)
			if n := testing.AllocsPerRun(2000, once); n > test.most {
				t.Errorf("%v allocations, at most %v are allowed", n, test.most)
			}
		})
		if m.Type != wire.Request || string(m.Route[:2]) == "si" {
			continue
		}
		for name, dial := range pressTransports {
			if name == "tls" {
				continue // what a TLS record costs is not ours
			}
			t.Run(string(m.Route)+" over "+name, func(t *testing.T) {
				c := dial(h).shake()
				nc, say, answer := c.Conn, test.say, test.answer
				if web, ok := nc.(*protoWS); ok {
					nc, say, answer = web.Conn, inFrame(t, say), answer+2
				}
				once := exchange(t, nc, say, answer)
				if n := testing.AllocsPerRun(2000, once); n > test.most {
					t.Errorf("%v allocations, at most %v are allowed", n, test.most)
				}
			})
		}
	}
}

// inFrame returns a WebSocket frame of a client.
func inFrame(t *testing.T, b []byte) []byte {
	t.Helper()
	framed, err := maskedFrame(ws.NewBinaryFrame(b))
	must(t, err)
	return framed
}

// Framing costs nothing: a push of what is encoded already allocates nothing.
func TestPressurePushAllocations(t *testing.T) {
	srv := newServer(t, nano.WithSerializer(flatCodec{}), nano.WithHeartbeatInterval(-1))
	c := newPressClient(t, srv.DialRaw(t)).shake()
	registerMeter(srv.Server, "unused")
	c.send(packRequest(1, "nowhere", "")) // the session is there when this is answered
	if _, err := c.message(); err != nil {
		t.Fatal(err)
	}
	var s *session.Session
	for s = range srv.Sessions() {
	}
	var body any = []byte("hello")
	buf := make([]byte, wire.HeaderLen+3+5)
	n := testing.AllocsPerRun(2000, func() {
		if err := s.Push("p", body); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c.Conn, buf); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A broadcast allocates as much to a thousand members as to ten.
func TestPressureBroadcastAllocations(t *testing.T) {
	srv := newServer(t, nano.WithSerializer(flatCodec{}), nano.WithHeartbeatInterval(-1))
	room := srv.NewGroup("room")
	nano.HandleNotify(srv.Server, "join", func(ctx context.Context, _ *flat) error {
		s := session.FromContext(ctx)
		if err := room.Add(s); err != nil {
			return err
		}
		return s.Push("p", flatAnswer)
	})
	buf := make([]byte, wire.HeaderLen+3+5)
	var clients []net.Conn
	join := func(n int) {
		for len(clients) < n {
			c := newPressClient(t, srv.DialRaw(t)).shake()
			c.send(packNotify("join", ""))
			c.want(wire.Push, 0, "p")
			clients = append(clients, c.Conn)
		}
	}
	broadcast := func() {
		if err := room.Broadcast("p", flatAnswer); err != nil {
			t.Fatal(err)
		}
		for _, nc := range clients {
			if _, err := io.ReadFull(nc, buf); err != nil {
				t.Fatal(err)
			}
		}
	}
	join(10)
	ten := testing.AllocsPerRun(200, broadcast)
	join(1000)
	thousand := testing.AllocsPerRun(200, broadcast)
	if thousand > ten+100 || ten > 4 { // a collection may empty a pool meanwhile
		t.Errorf("%v allocations to ten members, %v to a thousand", ten, thousand)
	}
}
