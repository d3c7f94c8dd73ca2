package nano_test

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano/internal/memnet"
	"github.com/lonng/nano/nanotest"
	"github.com/lonng/nano/wire"
)

// badHost is a server in memory, with a client that must not feel what others do.
type badHost struct {
	*protoHost
	ends    chan error // why sessions ended
	witness *nanotest.Client
}

// inBadHost runs a test in fake time.
func inBadHost(t *testing.T, test func(t *testing.T, h *badHost)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		log := newLogBook()
		h := &badHost{protoHost: newProtoHost(t, log.option())}
		serveEcho(h.Server.Server)
		h.ends = endsOf(h.Server.Server)
		h.start()
		h.witness = h.Dial(t)
		test(t, h)
		h.check()
		if text := log.String(); bytes.Contains([]byte(text), []byte("panicked")) {
			t.Errorf("something panicked:\n%s", text)
		}
		h.witness.Close()
		synctest.Wait()
		if st := h.Stats(); st.Connections != 0 || st.Sessions != 0 {
			t.Errorf("left: %+v", st)
		}
	})
}

// check has the witness ask something.
func (h *badHost) check() {
	h.t.Helper()
	var got []byte
	if err := h.witness.Request("echo", []byte("witness"), &got); err != nil || string(got) != "witness" {
		h.t.Errorf("the witness got %q, %v", got, err)
	}
}

// client returns a client in one of the states connected, replied and working, over a stream or a WebSocket.
func (h *badHost) client(state int, web bool) *pressClient {
	h.t.Helper()
	nc := h.dialStream()
	if web {
		_ = nc.Close()
		nc = h.dialWS()
	}
	c := newPressClient(h.t, nc)
	_ = c.SetDeadline(time.Time{})
	if state > 0 {
		c.send(pack(wire.PacketHandshake, "{}"))
		if p, err := c.packet(); err != nil || p.Type != wire.PacketHandshake {
			h.t.Fatalf("%v %q, %v", p.Type, p.Body, err)
		}
	}
	if state > 1 {
		c.send(pack(wire.PacketAck, ""))
	}
	return c
}

// ended wants the client's connection to have ended as one does that broke the protocol.
func (h *badHost) ended(c *pressClient, state int) {
	h.t.Helper()
	if state == 0 {
		if kick := c.wantEnd(); kick != "" {
			h.t.Errorf("kicked before the handshake's reply: %s", kick)
		}
	} else {
		if c.wantKick(wire.KickProtocol) == "" {
			h.t.Error("the kick gives no reason")
		}
		wantReason(h.t, h.ends, wire.KickProtocol)
	}
	_ = c.Close()
	h.check()
}

func TestBadInputVectors(t *testing.T) {
	text, err := os.ReadFile("wire/testdata/vectors.json")
	must(t, err)
	var vectors struct{ Invalid []struct{ Name, Hex string } }
	must(t, json.Unmarshal(text, &vectors))
	if len(vectors.Invalid) == 0 {
		t.Fatal("there are none")
	}
	inBadHost(t, func(t *testing.T, h *badHost) {
		for _, v := range vectors.Invalid {
			b, err := hex.DecodeString(v.Hex)
			must(t, err)
			for _, web := range []bool{false, true} {
				c := h.client(2, web)
				c.checkEcho(1, "echo")
				c.send(b, packRequest(2, "echo", "after"))
				h.ended(c, 2)
			}
		}
	})
}

// A header that claims 16 MB ends its connection at once, in every state, and costs no memory.
func TestBadInputLength(t *testing.T) {
	inBadHost(t, func(t *testing.T, h *badHost) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		const each = 20
		for state := range 3 {
			for kind := byte(1); kind <= 5; kind++ {
				for i := range each {
					c := h.client(state, i%2 == 1)
					c.send([]byte{kind, 0xff, 0xff, 0xff}, make([]byte, 100))
					h.ended(c, state)
				}
			}
		}
		runtime.ReadMemStats(&after)
		if n := (after.TotalAlloc - before.TotalAlloc) / (3 * 5 * each); n > 512<<10 {
			t.Errorf("%d bytes were allocated for each", n)
		}
	})
}

// deflated returns size zeros, deflated.
func deflated(t *testing.T, size int) string {
	t.Helper()
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, zlib.DefaultCompression)
	must(t, err)
	_, err = io.CopyN(w, zeros{}, int64(size))
	must(t, err, w.Close())
	return b.String()
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// A payload that inflates to more than the limit ends its connection and costs little; one up to the limit is taken.
func TestBadInputBomb(t *testing.T) {
	bomb, fits := deflated(t, 16<<20), deflated(t, wire.DefaultLimit)
	inBadHost(t, func(t *testing.T, h *badHost) {
		head := wire.Head{Type: wire.Request, ID: 1, Route: "echo", Deflated: true}
		c := h.client(2, false)
		c.send(packMessage(head, fits))
		if got := c.want(wire.Response, 1, ""); len(got) != wire.DefaultLimit {
			t.Errorf("%d bytes came back", len(got))
		}
		_ = c.Close()
		wantReason(t, h.ends, "gone")

		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		const each = 20
		for i := range each {
			c := h.client(2, i%2 == 1)
			c.send(packMessage(head, bomb))
			h.ended(c, 2)
		}
		runtime.ReadMemStats(&after)
		if n := (after.TotalAlloc - before.TotalAlloc) / each; n > 4<<20 {
			t.Errorf("%d bytes were allocated for each", n)
		}
	})
}

// Random bytes, in every state, with first bytes that are plausible: the connection ends, in its time, and nobody else feels it.
func TestBadInputRandom(t *testing.T) {
	rounds := 400
	if testing.Short() {
		rounds = 100
	}
	inBadHost(t, func(t *testing.T, h *badHost) {
		for seed := range rounds {
			r := rand.New(rand.NewPCG(uint64(seed), 10))
			state := r.IntN(3)
			c := h.client(state, r.IntN(2) == 0)
			for range 1 + r.IntN(4) {
				b := make([]byte, 1+r.IntN(300))
				for i := range b {
					b[i] = byte(r.Uint32())
				}
				if len(b) > wire.HeaderLen && r.IntN(4) > 0 {
					copy(b, []byte{byte(1 + r.IntN(5)), 0, byte(r.IntN(2)), byte(r.IntN(256))})
				}
				c.send(b)
			}
			halfClose(c.Conn)
			if kick := c.wantEnd(); kick != "" && state == 0 && !bytes.Contains([]byte(kick), []byte(wire.KickProtocol)) {
				t.Errorf("kicked with %s", kick)
			}
			_ = c.Close()
			h.check()
		}
	})
}

// halfClose ends what a client says.
func halfClose(nc net.Conn) {
	switch nc := nc.(type) {
	case *memnet.Conn:
		_ = nc.CloseWrite()
	case *protoWS:
		halfClose(nc.Conn)
	}
}

// Random bytes where a request to upgrade is due, and where a frame is.
func TestBadInputRandomFrames(t *testing.T) {
	rounds := 200
	if testing.Short() {
		rounds = 50
	}
	inBadHost(t, func(t *testing.T, h *badHost) {
		for seed := range rounds {
			r := rand.New(rand.NewPCG(uint64(seed), 11))
			var nc net.Conn
			if seed%4 == 0 {
				var err error
				nc, err = h.ws.Dial(t.Context())
				must(t, err)
			} else {
				nc = h.client(r.IntN(3), true).Conn.(*protoWS).Conn
			}
			b := make([]byte, 2+r.IntN(200))
			for i := range b {
				b[i] = byte(r.Uint32())
			}
			if seed%2 == 0 {
				b[0], b[1] = 0x82, b[1]|0x80 // a masked binary frame
			}
			_, _ = nc.Write(b)
			halfClose(nc)
			_, _ = io.Copy(io.Discard, nc)
			_ = nc.Close()
			h.check()
		}
	})
}
