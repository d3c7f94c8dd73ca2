package ws

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// parseHeader reads the frame header at the start of b. n is its length, or 0
// while b does not hold all of it.
func parseHeader(b []byte) (h ws.Header, n int, err error) {
	if len(b) < 2 {
		return h, 0, nil
	}
	length := b[1] & 0x7f
	size := 0 // of the extended length
	switch length {
	case 126:
		size = 2
	case 127:
		size = 8
	}
	h.Masked = b[1]&0x80 != 0
	n = 2 + size
	if h.Masked {
		n += len(h.Mask)
	}
	if len(b) < n {
		return ws.Header{}, 0, nil
	}
	h.Fin = b[0]&0x80 != 0
	h.Rsv = b[0] >> 4 & 0x7
	h.OpCode = ws.OpCode(b[0] & 0xf)
	switch size {
	case 0:
		h.Length = int64(length)
	case 2:
		h.Length = int64(binary.BigEndian.Uint16(b[2:]))
	case 8:
		h.Length = int64(binary.BigEndian.Uint64(b[2:]))
	}
	if h.Length < 0 {
		return h, n, ws.ErrHeaderLengthMSB
	}
	if h.Masked {
		copy(h.Mask[:], b[2+size:])
	}
	return h, n, nil
}

// appendHeader appends the header of an unmasked frame that is not split.
func appendHeader(dst []byte, op ws.OpCode, length int) []byte {
	dst = append(dst, 0x80|byte(op))
	switch {
	case length < 126:
		return append(dst, byte(length))
	case length <= 0xffff:
		return binary.BigEndian.AppendUint16(append(dst, 126), uint16(length))
	}
	return binary.BigEndian.AppendUint64(append(dst, 127), uint64(length))
}

// maxReason is what a close frame holds beside its code.
const maxReason = ws.MaxControlFramePayloadSize - 2

// closeBody returns the payload of a close frame. A reason that is too long is
// cut between two characters.
func closeBody(code uint16, reason string) []byte {
	reason = strings.ToValidUTF8(reason, "\uFFFD")
	if len(reason) > maxReason {
		n := maxReason
		for !utf8.RuneStart(reason[n]) {
			n--
		}
		reason = reason[:n]
	}
	return append(binary.BigEndian.AppendUint16(nil, code), reason...)
}

// validCode says whether a close frame may carry the code.
func validCode(code uint16) bool {
	switch {
	case code < 1000:
		return false
	case code <= 1003, code >= 1007 && code <= 1014:
		return true
	}
	return code >= 3000 && code < 5000
}

// checkClose returns what is wrong with the payload of a close frame.
func checkClose(body []byte) *CloseError {
	switch {
	case len(body) == 0:
		return nil
	case len(body) == 1 || !validCode(binary.BigEndian.Uint16(body)):
		return &CloseError{Code: uint16(ws.StatusProtocolError), Reason: "bad close code"}
	case !utf8.Valid(body[2:]):
		return &CloseError{Code: uint16(ws.StatusInvalidFramePayloadData), Reason: "close reason is not UTF-8"}
	}
	return nil
}
