package nano_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/nanotest"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// rateServer notes when which message is handled.
type rateServer struct {
	*nanotest.Server
	start   time.Time
	handled []time.Duration
	bodies  []string
}

func newRateServer(t *testing.T, l nano.RateLimit, opts ...nano.Option) *rateServer {
	t.Helper()
	r := &rateServer{Server: newServer(t, append(opts, nano.WithRateLimit(l))...)}
	note := func(_ context.Context, b *[]byte) (*[]byte, error) {
		r.handled = append(r.handled, time.Since(r.start))
		r.bodies = append(r.bodies, string(*b))
		return b, nil
	}
	for _, route := range []string{"note", "login", "move"} {
		nano.Handle(r.Server.Server, route, note)
	}
	nano.Handle(r.Server.Server, "side", func(_ context.Context, b *[]byte) (*[]byte, error) { return b, nil }, component.Concurrent())
	r.start = time.Now()
	return r
}

func (r *rateServer) dial(t *testing.T) *pressClient {
	t.Helper()
	c := newPressClient(t, r.DialRaw(t)).shake()
	_ = c.SetDeadline(time.Time{})
	return c
}

// Held back, messages are handled at the rate, all of them and in order, and the client is not timed out meanwhile.
func TestRateDelay(t *testing.T) {
	for name, test := range map[string]struct {
		limit nano.RateLimit
		size  int
		every time.Duration // between two messages, once the burst is over
		burst int
	}{
		"messages": {nano.RateLimit{Messages: 10, MessageBurst: 5}, 10, 100 * time.Millisecond, 5},
		"a second": {nano.RateLimit{Messages: 20}, 10, 50 * time.Millisecond, 20},
		"bytes":    {nano.RateLimit{Bytes: 1000, ByteBurst: 600}, 200 - packetOverhead("note"), 200 * time.Millisecond, 3},
		"slow":     {nano.RateLimit{Messages: 1, MessageBurst: 1, Bytes: 1_000_000}, 10, time.Second, 1},
		"both":     {nano.RateLimit{Messages: 5, Bytes: 100, ByteBurst: 1000}, 100 - packetOverhead("note"), time.Second, 5},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const messages = 100 // whose ids take a byte
				r := newRateServer(t, test.limit, nano.WithHeartbeatInterval(10*time.Second))
				c, peer := r.dial(t), r.dial(t)
				for id := range uint64(messages) {
					c.send(packRequest(id+1, "note", floodPayload(id+1, test.size)))
				}
				synctest.Wait()
				if st := r.Stats(); st.Held != 1 || st.Delayed != 1 {
					t.Errorf("%+v", st)
				}
				peer.checkEcho(1, "side")
				peer.Close()
				c.wantAll(messages, test.size)
				for i, at := range r.handled {
					earliest := time.Duration(max(0, i+1-test.burst)) * test.every
					if name == "both" { // five messages, then by the messages, then by the bytes
						earliest = max(time.Duration(max(0, i+1-5))*200*time.Millisecond, time.Duration(max(0, i+1-10))*time.Second)
					}
					if at < earliest || at > earliest+10*time.Millisecond {
						t.Fatalf("message %d was handled after %v, want %v", i, at, earliest)
					}
				}
				if st := r.Stats(); st.Delayed < messages/2 || st.Limited != 0 || st.Flooded != 0 || st.Held != 0 || st.Sessions != 1 {
					t.Errorf("%+v", st)
				}
				c.Close()
			})
		})
	}
}

// packetOverhead is the bytes of a request's packet beside its payload, with an id below 128.
func packetOverhead(route string) int { return len(packRequest(1, route, "")) }

// A batch is refused but for its beginning; the errors are those of the requests, and come in order with the answers' own.
func TestRateRefuse(t *testing.T) {
	for name, silent := range map[string]bool{"errors": false, "silent": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var opts []nano.Option
				if silent {
					opts = append(opts, nano.WithSilentErrors())
				}
				r := newRateServer(t, nano.RateLimit{Messages: 10, MessageBurst: 3, Policy: nano.LimitRefuse}, opts...)
				c := r.dial(t)
				var batch []byte
				for id := range uint64(10) {
					batch = append(batch, packRequest(id+1, "side", "x")...)
				}
				batch = append(batch, packNotify("note", "lost")...)
				c.send(batch)
				for id := range uint64(10) {
					if id >= 3 && silent {
						break
					}
					if m, err := c.message(); err != nil || m.ID != id+1 || m.IsError != (id >= 3) {
						t.Fatalf("%+v, %v", m, err)
					}
				}
				pass(100 * time.Millisecond) // for one
				c.send(packRequest(11, "note", "x"), packRequest(12, "note", "x"))
				if m, err := c.message(); err != nil || m.ID != 11+b2u(!silent) { // the refusal needs no handler
					t.Errorf("%+v, %v", m, err)
				}
				synctest.Wait()
				if st := r.Stats(); st.Limited != 9 || st.Failed != 0 || len(r.handled) != 1 {
					t.Errorf("%+v, %d handled", st, len(r.handled))
				}
			})
		})
	}
}

func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// A session that is closed for its rate gets what it asked for before, and is told why.
func TestRateClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRateServer(t, nano.RateLimit{Messages: 10, Policy: nano.LimitClose})
		ends := endsOf(r.Server.Server)
		c, peer := r.dial(t), r.dial(t)
		for id := range uint64(30) {
			c.send(packRequest(id+1, "side", "x"))
		}
		for id := range uint64(10) {
			c.want(wire.Response, id+1, "")
		}
		if reason := c.wantKick("limited"); reason != "too many messages" {
			t.Errorf("reason %q", reason)
		}
		c.Close()
		wantReason(t, ends, "limited")
		peer.checkEcho(1, "side")
		for range 20 { // at the rate
			pass(time.Second)
			for id := range uint64(10) {
				peer.checkEcho(id+1, "side")
			}
		}
		if st := r.Stats(); st.Flooded != 1 || st.Limited != 0 || st.Delayed != 0 || st.Connections != 1 {
			t.Errorf("%+v", st)
		}
	})
}

// Exempt routes pass and take no tokens, by name and by code.
func TestRateExempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newLogBook()
		r := newRateServer(t, nano.RateLimit{Messages: 1, MessageBurst: 2, Policy: nano.LimitRefuse, Exempt: []string{"login", "move", "nowhere"}},
			nano.WithDictionary(map[string]uint16{"move": 1, "note": 2}), log.option())
		c := r.dial(t)
		for range 50 {
			c.send(packNotify("login", "login"), packet(t, 1, "move"))
		}
		for range 4 {
			c.send(packet(t, 2, "note"), packet(t, 3, "no such code"))
		}
		synctest.Wait()
		kinds := map[string]int{}
		for _, b := range r.bodies {
			kinds[b]++
		}
		if st := r.Stats(); st.Limited != 6 || kinds["login"] != 50 || kinds["move"] != 50 || kinds["note"] != 1 {
			t.Errorf("%+v, %v", st, kinds)
		}
		log.wants(t, "exempts a route that has no handler", "route=nowhere")
		if strings.Contains(log.String(), "route=login") {
			t.Error("a route with a handler was logged")
		}
	})
}

// packet returns a notify to a route that is given by its code.
func packet(t *testing.T, code uint16, payload string) []byte {
	t.Helper()
	b, err := wire.AppendMessage(nil, wire.Head{Type: wire.Notify, Code: code}, []byte(payload))
	must(t, err)
	return pack(wire.PacketData, string(b))
}

// A session whose message is held back for long ends as promptly as any other.
func TestRateDelayEnds(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *rateServer, *session.Session, *pressClient){
		"closed": func(_ *testing.T, _ *rateServer, s *session.Session, c *pressClient) {
			s.Close()
			c.wantEnd()
		},
		"kicked": func(t *testing.T, _ *rateServer, s *session.Session, c *pressClient) {
			must(t, s.Kick("enough", "x"))
			c.wantKick("enough")
		},
		"shut down": func(t *testing.T, r *rateServer, _ *session.Session, c *pressClient) {
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				c.wantKick("shutdown")
				c.Close()
			}()
			must(t, r.Shutdown(t.Context()))
			<-ended
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRateServer(t, nano.RateLimit{Messages: 1, MessageBurst: 1, Bytes: 1, ByteBurst: 1})
				c := r.dial(t)
				c.send(packNotify("note", "1"), packNotify("note", "2"), packNotify("note", "3"))
				synctest.Wait()
				if len(r.handled) != 1 {
					t.Fatalf("%d handled", len(r.handled))
				}
				start := time.Now()
				for s := range r.Sessions() {
					end(t, r, s, c)
				}
				c.Close()
				synctest.Wait()
				if d := time.Since(start); d != 0 || len(r.handled) != 1 {
					t.Errorf("ended after %v, %d handled", d, len(r.handled))
				}
				if st := r.Stats(); st.Connections != 0 || st.Sessions != 0 {
					t.Errorf("%+v", st)
				}
			})
		})
	}
}

// A client that goes while it is held back is noticed without heartbeats.
func TestRateDelayGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRateServer(t, nano.RateLimit{Bytes: 1}, nano.WithHeartbeatInterval(0))
		ends := endsOf(r.Server.Server)
		c := r.dial(t)
		c.send(packNotify("note", strings.Repeat("1", 60_000)), packNotify("note", "2"))
		pass(time.Hour)
		if st := r.Stats(); st.Held != 1 || st.Delayed != 1 {
			t.Errorf("%+v", st)
		}
		c.Close()
		pass(time.Minute + time.Second)
		if len(ends) != 1 {
			t.Error("not noticed")
		}
		wantReason(t, ends, "gone")
	})
}

// Each session has buckets of its own.
func TestRateOfEachSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRateServer(t, nano.RateLimit{Messages: 5, Policy: nano.LimitRefuse})
		for range 10 {
			c := r.dial(t)
			var failed []bool
			for id := range uint64(6) {
				c.send(packRequest(id+1, "side", "x"))
				m, err := c.message()
				must(t, err)
				failed = append(failed, m.IsError)
			}
			if !slices.Equal(failed, []bool{false, false, false, false, false, true}) {
				t.Errorf("failed: %v", failed)
			}
		}
	})
}

// Without both rates there is no limit, whatever else is said.
func TestRateOff(t *testing.T) {
	for _, l := range []nano.RateLimit{{}, {Messages: -1, MessageBurst: -1, Bytes: -1, ByteBurst: -1, Policy: nano.LimitClose, Exempt: []string{"a"}}} {
		synctest.Test(t, func(t *testing.T) {
			r := newRateServer(t, l)
			c := r.dial(t)
			for id := range uint64(1000) {
				c.checkEcho(id+1, "side")
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		r := newRateServer(t, nano.RateLimit{}, nano.WithRateLimit(nano.RateLimit{Messages: 1})) // the last one counts
		c := r.dial(t)
		for id := range uint64(100) {
			c.checkEcho(id+1, "side")
		}
	})
}

// Through a socket, in real time: a flood is slowed down to the rate, and all of it arrives.
func TestRateSockets(t *testing.T) {
	h := newPressHost(t, nano.WithRateLimit(nano.RateLimit{Messages: 2000, MessageBurst: 100}))
	serveEcho(h.Server)
	h.start()
	for name, dial := range pressTransports {
		t.Run(name, func(t *testing.T) {
			c := dial(h).shake()
			const requests = 500
			start := time.Now()
			go func() {
				for id := range uint64(requests) {
					c.send(packRequest(id+1, "side", fmt.Sprint(id)))
				}
			}()
			for id := range uint64(requests) {
				if got := c.want(wire.Response, id+1, ""); string(got) != fmt.Sprint(id) {
					t.Fatalf("answer %q to %d", got, id+1)
				}
			}
			if d := time.Since(start); d < 200*time.Millisecond {
				t.Errorf("took %v, at 2000 a second", d)
			}
			c.Close()
		})
	}
}
