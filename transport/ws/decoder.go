package ws

import "github.com/gobwas/ws"

// decoder takes frames apart: what a client sends goes in, in pieces of any
// size, and the payload of binary messages comes out. It does no I/O.
type decoder struct {
	limit int64 // bytes of one message; below 0: none

	size int64 // of the message so far
	left int64 // bytes of the frame that have not come
	pos  int   // of the next byte in the mask
	mask [4]byte
	op   ws.OpCode // of the frame
	fin  bool      // the frame ends its message
	body bool      // the frame's header is complete
	open bool      // a message is begun and not ended

	head  [ws.MaxHeaderSize]byte // a header that came in pieces
	nhead int

	control []byte // payload of a control frame
}

// event is something that the decoder stops at.
type event byte

const (
	nothing event = iota
	ping          // the payload is in control, which the caller may keep
	closed        // likewise
)

// next takes bytes off src and puts payload at the start of dst, which has room
// for all of src and may begin where src begins, or before. It goes on to the
// end of src, or to an event, or to a violation of the protocol, after which
// the decoder is of no more use. src is overwritten.
func (d *decoder) next(dst, src []byte) (n, used int, ev event, bad *CloseError) {
	for used < len(src) {
		if !d.body {
			k, bad := d.header(src[used:])
			used += k
			if bad != nil {
				return n, used, nothing, bad
			}
			if !d.body {
				break
			}
		}
		p := src[used:]
		if int64(len(p)) > d.left {
			p = p[:d.left]
		}
		ws.Cipher(p, d.mask, d.pos)
		switch d.op {
		case ws.OpPing, ws.OpClose:
			d.control = append(d.control, p...)
		case ws.OpPong:
		default:
			n += copy(dst[n:], p)
		}
		used += len(p)
		d.pos = (d.pos + len(p)) & 3
		d.left -= int64(len(p))
		if d.left == 0 {
			if ev := d.end(); ev != nothing {
				return n, used, ev, nil
			}
		}
	}
	return n, used, nothing, nil
}

// between says whether the decoder stands between two messages.
func (d *decoder) between() bool { return !d.body && !d.open && d.nhead == 0 }

// header takes a frame's header, or a piece of it, off b. The header is
// complete when d.body is set.
func (d *decoder) header(b []byte) (used int, bad *CloseError) {
	h, n, err := ws.Header{}, 0, error(nil)
	if d.nhead == 0 {
		h, n, err = parseHeader(b)
		used = n
	}
	if n == 0 { // in pieces: byte by byte, so that none of the payload is taken
		for used < len(b) && n == 0 {
			d.head[d.nhead] = b[used]
			d.nhead++
			used++
			h, n, err = parseHeader(d.head[:d.nhead])
		}
		if n == 0 {
			return used, nil
		}
		d.nhead = 0
	}
	if err == nil {
		err = ws.CheckHeader(h, d.state())
	}
	if err != nil {
		return used, &CloseError{Code: uint16(ws.StatusProtocolError), Reason: err.Error()}
	}
	return used, d.begin(h)
}

func (d *decoder) state() ws.State {
	if d.open {
		return ws.StateServerSide | ws.StateFragmented
	}
	return ws.StateServerSide
}

// begin starts a frame, whose header is sound.
func (d *decoder) begin(h ws.Header) *CloseError {
	d.op, d.fin, d.left, d.mask, d.pos = h.OpCode, h.Fin, h.Length, h.Mask, 0
	d.body = true
	switch {
	case h.OpCode == ws.OpText:
		return &CloseError{Code: uint16(ws.StatusUnsupportedData), Reason: "binary messages only"}
	case h.OpCode == ws.OpPing, h.OpCode == ws.OpClose:
		d.control = make([]byte, 0, h.Length)
	case h.OpCode == ws.OpPong:
	case d.limit >= 0 && h.Length > d.limit-d.size:
		return &CloseError{Code: uint16(ws.StatusMessageTooBig), Reason: "message too large"}
	default:
		d.size += h.Length
		d.open = true
	}
	return nil
}

// end ends a frame, all of which has come.
func (d *decoder) end() event {
	d.body = false
	switch {
	case d.op == ws.OpPing:
		return ping
	case d.op == ws.OpClose:
		return closed
	case d.op == ws.OpPong:
	case d.fin:
		d.size, d.open = 0, false
	}
	return nothing
}

// take hands over the payload of the control frame that ended.
func (d *decoder) take() []byte {
	b := d.control
	d.control = nil
	return b
}
