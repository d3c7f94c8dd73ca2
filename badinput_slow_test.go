package nano_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/wire"
)

// drip writes a byte each step until the server has had enough, and returns how long that took.
func drip(nc net.Conn, b []byte, step time.Duration) time.Duration {
	start := time.Now()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, nc)
	}()
	for i := range b {
		if _, err := nc.Write(b[i : i+1]); err != nil {
			break
		}
		select {
		case <-ended:
			return time.Since(start)
		case <-time.After(step):
		}
	}
	<-ended
	return time.Since(start)
}

// A handshake that never ends is ended after its time, however it dribbles in.
func TestBadInputSlowHandshake(t *testing.T) {
	const limit = 10 * time.Second
	handshake := pack(wire.PacketHandshake, strings.Repeat(" ", 60_000))
	request := []byte("GET / HTTP/1.1\r\nHost: game.example\r\nX: " + strings.Repeat("x", 60_000))
	inBadHost(t, func(t *testing.T, h *badHost) {
		dialWS := func() net.Conn { return h.dialWS() }
		for name, test := range map[string]struct {
			conn func() net.Conn
			say  []byte
		}{
			"stream":          {h.dialStream, handshake},
			"WebSocket":       {dialWS, handshake}, // a frame for each byte
			"HTTP":            {h.dialHTTP, request},
			"WebSocket frame": {func() net.Conn { return h.dialWS().Conn }, append([]byte{0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0}, handshake...)},
			"no ack":          {func() net.Conn { return h.client(1, false).Conn }, pack(wire.PacketHandshake, strings.Repeat(" ", 60_000))},
			"silence":         {h.dialStream, nil},
			"silent web":      {dialWS, nil},
			"silent HTTP":     {h.dialHTTP, nil},
		} {
			nc := test.conn()
			if d := drip(nc, test.say, 100*time.Millisecond); d < limit-time.Second || d > limit+2*time.Second {
				t.Errorf("%s: ended after %v", name, d)
			}
			_ = nc.Close()
			h.check()
		}
	})
}

func (h *badHost) dialHTTP() net.Conn {
	h.t.Helper()
	nc, err := h.ws.Dial(context.Background())
	must(h.t, err)
	return nc
}

// A frame that does not end, after the ack: silence ends its client, with the reason and its close code; a frame that goes on may
// hold as many packets as it likes.
func TestBadInputUnterminatedFrame(t *testing.T) {
	huge := []byte{0x82, 0xff, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0} // 2^60 bytes, masked with zeros
	for name, say := range map[string][]byte{
		"half a header":       huge[:7],
		"a header":            huge,
		"half a packet":       append(bytes.Clone(huge), pack(wire.PacketData, strings.Repeat("x", 60_000))[:30_000]...),
		"half a packet's":     append(bytes.Clone(huge), byte(wire.PacketData), 0),
		"an open fragment":    {0x02, 0x81, 0, 0, 0, 0, byte(wire.PacketHeartbeat)},
		"packets, then a bit": append(append(bytes.Clone(huge), packRequest(1, "echo", "x")...), byte(wire.PacketData)),
	} {
		t.Run(name, func(t *testing.T) {
			inBadHost(t, func(t *testing.T, h *badHost) {
				c := h.client(2, true)
				start := time.Now()
				_, _ = c.Conn.(*protoWS).Conn.Write(say)
				if reason := c.wantKick(wire.KickTimeout); reason == "" {
					t.Error("no reason")
				}
				if d := time.Since(start); d < time.Minute || d > 63*time.Second {
					t.Errorf("ended after %v", d)
				}
				if code := c.Conn.(*protoWS).closeCode(); code != 4002 {
					t.Errorf("close code %d", code)
				}
				wantReason(t, h.ends, wire.KickTimeout)
				_ = c.Close()
			})
		})
	}
	t.Run("goes on", func(t *testing.T) {
		inBadHost(t, func(t *testing.T, h *badHost) {
			c := h.client(2, true)
			_, _ = c.Conn.(*protoWS).Conn.Write(huge)
			for id := range uint64(100) {
				_, _ = c.Conn.(*protoWS).Conn.Write(packRequest(id+1, "echo", "x"))
				p, err := c.packet()
				for p.Type == wire.PacketHeartbeat { // an answer would need a frame
					p, err = c.packet()
				}
				if m, bad := wire.ParseMessage(p.Body); err != nil || bad != nil || m.ID != id+1 {
					t.Fatalf("%v %q, %v", p.Type, p.Body, err)
				}
				pass(10 * time.Second)
			}
			_, _ = c.Conn.(*protoWS).Conn.Write(packMessage(wire.Head{Type: wire.Response}, ""))
			h.ended(c, 2)
		})
	})
}

// silent connections over real sockets: they cost little, are ended in time, and nobody else feels them.
func TestBadInputSilentSockets(t *testing.T) {
	n := min(5000, openFiles()/2-500)
	if testing.Short() {
		n = min(n, 1000)
	}
	if n < 100 {
		t.Skip("too few files may be open")
	}
	const patience = 3 * time.Second
	h := newPressHost(t, nano.WithHandshakeTimeout(patience))
	serveEcho(h.Server)
	h.start()
	witness := []*pressClient{h.tcp().shake(), h.ws().shake()}
	id := uint64(0)
	check := func() {
		id++
		for _, c := range witness {
			c.checkEcho(id, "echo")
		}
	}
	check()
	_, heap := settled()
	silent := make([]net.Conn, n)
	var dialling sync.WaitGroup
	for w := range 8 {
		dialling.Go(func() {
			for i := w; i < n; i += 8 {
				silent[i] = h.dialTCP()
			}
		})
	}
	dialling.Wait()
	start := time.Now()
	check()
	if open := h.Stats().Connections; open > n/2 { // the host may be too slow to have them all at once
		_, full := settled()
		if each := (int64(full) - int64(heap)) / int64(open); each > 8<<10 {
			t.Errorf("%d bytes of heap for each silent connection", each)
		}
	}
	for i, c := range silent {
		if i%100 == 0 {
			check()
		}
		_ = c.SetReadDeadline(start.Add(time.Minute))
		if n, err := c.Read(make([]byte, 10)); n != 0 || err != io.EOF {
			t.Fatalf("a silent connection got %d bytes, %v", n, err)
		}
		_ = c.Close()
	}
	if d := time.Since(start); d > 30*time.Second {
		t.Errorf("it took %v to end them", d)
	}
	check()
}

// The same in fake time, to the second.
func TestBadInputSilent(t *testing.T) {
	inBadHost(t, func(t *testing.T, h *badHost) {
		var silent []net.Conn
		for range 5000 {
			silent = append(silent, h.dialStream())
		}
		synctest.Wait()
		if n := h.Stats().Connections; n != 5001 {
			t.Errorf("%d connections", n)
		}
		pass(9 * time.Second)
		h.check()
		if n := h.Stats().Connections; n != 5001 {
			t.Errorf("%d connections before their time was up", n)
		}
		pass(3 * time.Second)
		if n := h.Stats().Connections; n != 1 {
			t.Errorf("%d connections after it", n)
		}
		for _, c := range silent {
			_ = c.Close()
		}
	})
}
