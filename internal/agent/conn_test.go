package agent

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano/internal/memnet"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// inBubble runs a test of one rig in fake time.
func inBubble(t *testing.T, change func(*Config), test func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, change)
		test(t, r)
		r.end()
	})
}

func TestEcho(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *rig) {
		p, c := r.working(0)
		for id := uint64(1); id <= 300; id++ {
			p.send(request(id, "x"))
			m, err := wire.ParseMessage([]byte(p.want(wire.PacketData)))
			if err != nil || m.ID != id || string(m.Payload) != "x" {
				t.Fatalf("%+v, %v", m, err)
			}
		}
		p.send(message(wire.Head{Type: wire.Notify, Route: "news"}, "y"))
		if m, err := wire.ParseMessage([]byte(p.want(wire.PacketData))); err != nil || string(m.Route) != "news" {
			t.Errorf("%+v, %v", m, err)
		}
		if err := c.ResponseMid(7, "again"); err != ErrAnswered {
			t.Errorf("a second answer: %v", err)
		}
		p.Close()
		synctest.Wait()
		if got := r.reason().Code; got != ReasonGone {
			t.Errorf("ended as %q", got)
		}
		if err := c.ResponseMid(7, "late"); err != session.ErrClosed {
			t.Errorf("an answer after the end: %v", err)
		}
	})
}

// What may come in which state, and how a client is told.
func TestStates(t *testing.T) {
	hs, ack, beat := packet(wire.PacketHandshake, "{}"), packet(wire.PacketAck, ""), packet(wire.PacketHeartbeat, "")
	data := request(1, "x")
	for name, test := range map[string]struct {
		say  [][]byte
		gets []wire.PacketType // but heartbeats
		kick string
	}{
		"ack first":              {say: [][]byte{ack}},
		"data first":             {say: [][]byte{data}},
		"kick first":             {say: [][]byte{packet(wire.PacketKick, "")}},
		"heartbeat, handshake":   {say: [][]byte{beat, hs, ack, data}, gets: []wire.PacketType{wire.PacketHandshake, wire.PacketData}},
		"data before the ack":    {say: [][]byte{hs, data}, gets: []wire.PacketType{wire.PacketHandshake}, kick: wire.KickProtocol},
		"a second handshake":     {say: [][]byte{hs, hs, ack, hs, data}, gets: []wire.PacketType{wire.PacketHandshake, wire.PacketData}},
		"a second ack":           {say: [][]byte{hs, ack, ack}, gets: []wire.PacketType{wire.PacketHandshake}, kick: wire.KickProtocol},
		"a kick from a client":   {say: [][]byte{hs, ack, packet(wire.PacketKick, "{}")}, gets: []wire.PacketType{wire.PacketHandshake}, kick: wire.KickProtocol},
		"a response":             {say: [][]byte{hs, ack, message(wire.Head{Type: wire.Response, ID: 1}, "")}, gets: []wire.PacketType{wire.PacketHandshake}, kick: wire.KickProtocol},
		"a push":                 {say: [][]byte{hs, ack, message(wire.Head{Type: wire.Push, Route: "r"}, "")}, gets: []wire.PacketType{wire.PacketHandshake}, kick: wire.KickProtocol},
		"unknown before ack":     {say: [][]byte{hs, {9}}, gets: []wire.PacketType{wire.PacketHandshake}, kick: wire.KickProtocol},
		"too large, before all":  {say: [][]byte{{1, 0xff, 0xff, 0xff}}},
		"silent after handshake": {say: [][]byte{hs}, gets: []wire.PacketType{wire.PacketHandshake}, kick: wire.KickTimeout},
		"silent":                 {},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, r *rig) {
				p := r.connect(0)
				p.send(test.say...)
				start := time.Now()
				if test.kick == "" && len(test.gets) > 1 {
					synctest.Wait()
					p.CloseWrite() // nothing else ends it
				}
				var kick string
				for {
					pk, err := p.next()
					if err != nil {
						if err != io.EOF {
							t.Errorf("the connection ended with %v", err)
						}
						break
					}
					switch {
					case pk.Type == wire.PacketHeartbeat:
					case pk.Type == wire.PacketKick:
						kick = string(pk.Body)
					case len(test.gets) == 0 || pk.Type != test.gets[0]:
						t.Errorf("got a %v: %s", pk.Type, pk.Body)
					default:
						test.gets = test.gets[1:]
					}
				}
				if len(test.gets) > 0 || !strings.Contains(kick, test.kick) || (kick == "") != (test.kick == "") {
					t.Errorf("did not get %v; kick %q, want %q", test.gets, kick, test.kick)
				}
				if d := time.Since(start); d > 12*time.Second {
					t.Errorf("it took %v", d)
				}
				p.Close()
			})
		})
	}
}

// Whatever a validator does, the client learns how it ended.
func TestValidator(t *testing.T) {
	var tooLong = errors.New("x")
	for name, test := range map[string]struct {
		validate func(ctx context.Context, s *session.Session) error
		reply    string
		reason   string
	}{
		"refuses": {func(context.Context, *session.Session) error { return wire.NewError("banned", "go away") }, `{"code":500,"msg":"go away"}`, ReasonRefused},
		"too old": {func(context.Context, *session.Session) error { return ErrClientTooOld }, `{"code":501,`, ReasonRefused},
		"panics":  {func(context.Context, *session.Session) error { panic("oops") }, `{"code":500,"msg":"internal error"}`, wire.CodeInternal},
		"kicks":   {func(_ context.Context, s *session.Session) error { return s.Kick("banned", "cheater") }, `{"code":500,"msg":"cheater"}`, "banned"},
		"closes":  {func(_ context.Context, s *session.Session) error { s.Close(); return nil }, "", ReasonClosed},
		"too late": {func(ctx context.Context, s *session.Session) error {
			<-ctx.Done()
			<-time.After(time.Second)
			return tooLong
		}, `{"code":500,"msg":"the server took too long"}`, ReasonRefused},
		"floods": {func(_ context.Context, s *session.Session) error {
			for range 3 {
				_ = s.Push("state", make([]byte, 600<<10))
			}
			return nil
		}, `{"code":500,"msg":"the client reads too slowly"}`, wire.KickSlow},
	} {
		t.Run(name, func(t *testing.T) {
			change := func(c *Config) {
				c.Validate = func(ctx context.Context, s *session.Session, _ *wire.Handshake) (any, error) {
					return nil, test.validate(ctx, s)
				}
			}
			inBubble(t, change, func(t *testing.T, r *rig) {
				p := r.connect(0)
				p.send(packet(wire.PacketHandshake, "{}"), packet(wire.PacketAck, ""), request(1, "unread"))
				if test.reply != "" {
					if got := p.want(wire.PacketHandshake); !strings.HasPrefix(got, test.reply) {
						t.Errorf("reply %s, want %s", got, test.reply)
					}
				}
				p.wantEnd()
				p.Close()
				r.wg.Wait()
				if got := r.reason().Code; got != test.reason {
					t.Errorf("ended as %q, want %q", got, test.reason)
				}
			})
		})
	}
}

// What is pushed before the ack arrives after it and the first heartbeat, in order and whatever its size.
func TestEarlyPushes(t *testing.T) {
	for _, size := range []int{10, 1 << 20, wire.MaxBody - len("..early")} {
		change := func(c *Config) {
			c.Validate = func(_ context.Context, s *session.Session, _ *wire.Handshake) (any, error) {
				return strings.Repeat("x", 50<<10), s.Push("early", make([]byte, size))
			}
		}
		inBubble(t, change, func(t *testing.T, r *rig) {
			p := r.connect(32 << 10) // the reply does not fit
			p.send(packet(wire.PacketHandshake, "{}"))
			go func() { _, _ = p.Write(packet(wire.PacketAck, "")) }() // before the reply was read
			synctest.Wait()
			p.want(wire.PacketHandshake)
			p.want(wire.PacketHeartbeat)
			r.mu.Lock()
			c := r.opened[0]
			r.mu.Unlock()
			if err := c.Push("late", "x"); err != nil && size < 16<<20-1000 { // else it is slow now
				t.Errorf("size %d: %v", size, err)
			}
			if m, err := wire.ParseMessage([]byte(p.want(wire.PacketData))); err != nil || len(m.Payload) != size || string(m.Route) != "early" {
				t.Errorf("size %d: %d bytes for %q, %v", size, len(m.Payload), m.Route, err)
			}
			p.Close()
		})
	}
}

// A panic on the reader costs its connection only; the client is told, though its input was not read.
func TestReaderPanics(t *testing.T) {
	var inside chan struct{}
	change := func(c *Config) {
		c.Dispatch = func(*Conn, *wire.MessageView) {
			<-inside
			panic("oops")
		}
	}
	synctest.Test(t, func(t *testing.T) {
		inside = make(chan struct{})
		r := newRig(t, change)
		p, _ := r.working(0)
		p.send(request(1, "x"))
		synctest.Wait()
		p.send(request(2, "never looked at"))
		close(inside)
		p.wantKick(wire.CodeInternal)
		p.Close()
		r.wg.Wait()
		if got := r.reason().Code; got != wire.CodeInternal {
			t.Errorf("ended as %q", got)
		}
		r.end()
	})
}

// endingConn ends the server when its read deadline is set the first time.
type endingConn struct {
	*memnet.Conn
	end sync.Once
	r   *rig
}

func (c *endingConn) hook() {
	c.end.Do(func() { c.r.End(wire.NewError(wire.KickShutdown, "bye")) })
}

func (c *endingConn) SetDeadline(t time.Time) error {
	c.hook()
	return c.Conn.SetDeadline(t)
}

func (c *endingConn) SetReadDeadline(t time.Time) error {
	c.hook()
	return c.Conn.SetReadDeadline(t)
}

// A server that ends beside its connections' beginnings leaves none of them to the handshake's timeout.
func TestEndBesideServe(t *testing.T) {
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, nil)
			start := time.Now()
			var peers []*peer
			for range 4 {
				peers = append(peers, r.connect(0))
			}
			a, b := memnet.Pipe(0)
			peers = append(peers, &peer{Conn: a, t: t})
			r.wg.Go(func() { r.Serve(&endingConn{Conn: b, r: r}) })
			r.wg.Wait()
			if d := time.Since(start); d > 3*time.Second {
				t.Errorf("it took %v", d)
			}
			for _, p := range peers {
				p.Close()
			}
			r.end()
		})
	}
}

// Ending from all sides at once: one reason, one end, one kick.
func TestEndFromAllSides(t *testing.T) {
	for range 100 {
		inBubble(t, nil, func(t *testing.T, r *rig) {
			p, c := r.working(0)
			var wg sync.WaitGroup
			var kicked [4]error
			for i := range kicked {
				wg.Go(func() { kicked[i] = c.Kick("kicked", "bye") })
			}
			for range 4 {
				wg.Go(func() { _ = c.Push("news", "x") })
			}
			wg.Go(func() { _, _ = p.Write(request(1, "x")) })
			wg.Wait()
			p.wantKick("kicked")
			p.Close()
			won := 0
			for _, err := range kicked {
				if err == nil {
					won++
				} else if err != session.ErrClosed {
					t.Error(err)
				}
			}
			if won != 1 {
				t.Errorf("%d of the kicks say that they ended it", won)
			}
		})
	}
}

// A client that shuts its write side may still read what was queued.
func TestHalfClosedClient(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *rig) {
		p, c := r.working(100)
		for i := range uint64(20) {
			p.send(request(i+1, strings.Repeat("x", 50))) // the answers pile up
		}
		_ = p.CloseWrite()
		synctest.Wait()
		for range 20 {
			p.want(wire.PacketData)
		}
		p.wantEnd()
		p.Close()
		if err := c.Push("late", "x"); err != session.ErrClosed {
			t.Error(err)
		}
	})
}
