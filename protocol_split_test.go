package nano_test

import (
	"bytes"
	"fmt"
	"net"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/gobwas/ws"

	"github.com/lonng/nano"
	"github.com/lonng/nano/wire"
)

// sameHead is how many bytes of a request to b.Same are not payload.
const sameHead = 1 + 1 + 1 + len("b.Same")

// testPayload returns n bytes that are unlike each other.
func testPayload(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8 + n)
	}
	return b
}

// wantSame wants the answer to a request to b.Same.
func (c *protoRaw) wantSame(payload []byte, what string) {
	c.t.Helper()
	if m := c.message(); m.Type != wire.Response || m.ID != 1 || !bytes.Equal(m.Payload, payload) {
		c.t.Fatalf("%s: %v %d with %d bytes came back for %d", what, m.Type, m.ID, len(m.Payload), len(payload))
	}
}

// sendSplit sends bytes in parts, each of which is read before the next comes.
func sendSplit(t *testing.T, conn net.Conn, b []byte, at ...int) {
	t.Helper()
	start := 0
	for _, end := range append(at, len(b)) {
		if _, err := conn.Write(b[start:end]); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		start = end
	}
}

// Every size up to the limit, split at every byte.
func TestSplitEverywhere(t *testing.T) {
	const limit = 80
	synctest.Test(t, func(t *testing.T) {
		c := bytesHost(t, nano.WithMaxPacketSize(limit)).shaken(protoLevel1)
		for n := range limit - sameHead + 1 {
			payload := testPayload(n)
			b := packRequest(1, "b.Same", string(payload))
			for at := range b {
				sendSplit(t, c, b, at)
				c.wantSame(payload, fmt.Sprintf("%d bytes, split at %d", n, at))
			}
			for _, one := range b {
				c.send([]byte{one})
			}
			c.wantSame(payload, fmt.Sprintf("%d bytes, one by one", n))
		}
		c.send(packRequest(1, "b.Same", string(testPayload(limit-sameHead+1))))
		c.wantEnd(wire.KickProtocol)
	})
}

// Sizes up to the default limit, split where buffers may end.
func TestSplitLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := bytesHost(t)
		host.start()
		stream, socket := host.shaken(protoLevel1), newProtoRaw(t, host.dialWS())
		socket.shake(protoLevel1)
		most := wire.DefaultLimit - sameHead
		for _, n := range []int{500, 2035, 2036, 2048, 4082, 4083, 4096, 8192, 30000, 65000, most - 1, most} {
			payload := testPayload(n)
			b := packRequest(1, "b.Same", string(payload))
			for _, at := range []int{1, 2, 3, 4, 5, 12, 13, 14, 2047, 2048, 4095, 4096, 4097, 8192, 16384, 32768, 65535, len(b) - 1} {
				if at >= len(b) {
					continue
				}
				what := fmt.Sprintf("%d bytes, split at %d", n, at)
				sendSplit(t, stream, b, at)
				stream.wantSame(payload, what)
				sendSplit(t, stream, b, slices.Sorted(slices.Values([]int{at / 3, at, at + (len(b)-at)/2}))...)
				stream.wantSame(payload, what)
				sendSplit(t, socket, b, at) // two messages
				socket.wantSame(payload, what)
			}
		}
		for _, c := range []*protoRaw{stream, socket} {
			c.send(packRequest(1, "b.Same", string(testPayload(most+1))))
			c.wantEnd(wire.KickProtocol)
		}
		if code := socket.Conn.(*protoWS).closeCode(); code != ws.StatusProtocolError {
			t.Errorf("the WebSocket was closed with %d", code)
		}
	})
}

// fragments returns the frames of a message that is split.
func fragments(t *testing.T, b []byte, at ...int) (frames []byte) {
	t.Helper()
	start, op := 0, ws.OpBinary
	for _, end := range append(at, len(b)) {
		frame, err := maskedFrame(ws.NewFrame(op, end == len(b) && (len(at) == 0 || start == at[len(at)-1]), slices.Clone(b[start:end])))
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, frame...)
		start, op = end, ws.OpContinuation
	}
	return frames
}

// The same in frames: split into fragments at every byte, into messages at every byte, and the bytes of one frame split at every
// byte.
func TestSplitFrames(t *testing.T) {
	const limit = 60
	synctest.Test(t, func(t *testing.T) {
		host := bytesHost(t, nano.WithMaxPacketSize(limit))
		host.start()
		socket := host.dialWS()
		c := newProtoRaw(t, socket)
		c.shake(protoLevel1)
		for n := range limit - sameHead + 1 {
			payload := testPayload(n)
			b := packRequest(1, "b.Same", string(payload))
			for at := range b {
				what := fmt.Sprintf("%d bytes, split at %d", n, at)
				sendSplit(t, socket.Conn, fragments(t, b, at))
				c.wantSame(payload, "fragments, "+what)
				sendSplit(t, c, b, at)
				c.wantSame(payload, "messages, "+what)
			}
			for _, frames := range [][]byte{fragments(t, b), fragments(t, b, len(b)/3, len(b)/2)} {
				for at := range frames {
					sendSplit(t, socket.Conn, frames, at)
					c.wantSame(payload, fmt.Sprintf("frames of %d bytes, split at %d", n, at))
				}
			}
		}
	})
}

// A fragment a byte, with pings between them.
func TestFragmentsOfAByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := bytesHost(t)
		host.start()
		socket := host.dialWS()
		c := newProtoRaw(t, socket)
		c.shake(protoLevel1)
		payload := testPayload(5000)
		b := packRequest(1, "b.Same", string(payload))
		op := ws.OpBinary
		for i := range b {
			frame, err := maskedFrame(ws.NewFrame(op, i == len(b)-1, []byte{b[i]}))
			if err != nil {
				t.Fatal(err)
			}
			op = ws.OpContinuation
			if i%500 == 0 {
				ping, _ := maskedFrame(ws.NewPingFrame([]byte("still there?")))
				frame = append(frame, ping...)
			}
			if _, err := socket.Conn.Write(frame); err != nil {
				t.Fatal(err)
			}
		}
		c.wantSame(payload, "fragments of a byte")
		if n := socket.pongs.Load(); n == 0 {
			t.Error("no ping was answered")
		}
	})
}

// Many packets in one segment, and in one frame, with the beginning of one more at the end.
func TestManyPacketsAtOnce(t *testing.T) {
	for name, dial := range map[string]func(*protoHost) net.Conn{
		"stream":    (*protoHost).dialStream,
		"WebSocket": func(h *protoHost) net.Conn { return h.dialWS() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				host := bytesHost(t).start()
				c := newProtoRaw(t, dial(host))
				const n = 1000
				all := slices.Concat(pack(wire.PacketHandshake, protoLevel1), pack(wire.PacketAck, ""))
				for i := range n {
					all = append(all, packRequest(uint64(i+1), "b.Same", fmt.Sprint(i))...)
					if i%10 == 0 {
						all = append(all, pack(wire.PacketHeartbeat, "")...)
					}
				}
				last := packRequest(n+1, "b.Same", "the last")
				c.send(append(all, last[:7]...))
				c.next(wire.PacketHandshake)
				c.next(wire.PacketHeartbeat)
				for i := range n {
					if m := c.message(); m.ID != uint64(i+1) || string(m.Payload) != fmt.Sprint(i) {
						t.Fatalf("%d: %+v", i, m)
					}
				}
				c.quiet()
				c.send(last[7:])
				if m := c.message(); m.ID != n+1 || string(m.Payload) != "the last" {
					t.Errorf("%+v", m)
				}
			})
		})
	}
}

// Responses of every size come whole, too.
func TestLargeResponses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := bytesHost(t, nano.WithMaxPacketSize(wire.MaxBody)).start()
		for _, c := range []*protoRaw{host.shaken(protoLevel1), newProtoRaw(t, host.dialWS())} {
			if _, ok := c.Conn.(*protoWS); ok {
				c.shake(protoLevel1)
			}
			for _, n := range []int{0, 125, 126, 65535, 65536, 1 << 20, 3 << 20} {
				payload := testPayload(n)
				c.send(packRequest(1, "b.Same", string(payload)))
				c.wantSame(payload, fmt.Sprintf("%d bytes", n))
			}
		}
	})
}
