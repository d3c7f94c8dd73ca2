package main

import (
	"bytes"
	"net"

	"github.com/gobwas/ws"
)

// serveGobwas reads what is there, echoes every whole frame in it, and writes once: gobwas/ws leaves
// buffers to its user.
func serveGobwas(l net.Listener) error {
	return accept(l, func(c net.Conn) {
		if _, err := ws.Upgrade(c); err != nil {
			return
		}
		in, out := make([]byte, 4<<10), []byte(nil)
		for n := 0; ; {
			m, err := c.Read(in[n:])
			if err != nil {
				return
			}
			n += m
			full := n == len(in)
			used := 0
			used, out = echoFrames(in[:n], out[:0])
			n = copy(in, in[used:n])
			if len(out) > 0 {
				if _, err := c.Write(out); err != nil {
					return
				}
			}
			if full {
				in = append(in, make([]byte, len(in))...)
			}
		}
	})
}

func echoFrames(in, out []byte) (used int, _ []byte) {
	to := bytes.NewBuffer(out)
	for {
		from := bytes.NewReader(in[used:])
		h, err := ws.ReadHeader(from)
		if err != nil || int64(from.Len()) < h.Length {
			return used, to.Bytes()
		}
		start := len(in) - from.Len()
		used = start + int(h.Length)
		payload := in[start:used]
		ws.Cipher(payload, h.Mask, 0)
		h.Masked = false
		_ = ws.WriteHeader(to, h)
		to.Write(payload)
	}
}
