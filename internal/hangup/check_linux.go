package hangup

import (
	"encoding/binary"
	"io"
	"syscall"
)

func check(fd uintptr) error {
	if err := pending(fd); err != nil {
		return err
	}
	info, err := syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_INFO)
	if err != nil {
		return nil // another kind of socket
	}
	var s state
	binary.NativeEndian.PutUint32(s[:], uint32(info))
	return s.err()
}

// state is the first bytes of Linux's tcp_info.
type state [4]byte

// TCP's states, as Linux numbers them, in which the peer has closed.
const (
	timeWait  = 6
	closed    = 7
	closeWait = 8
	lastAck   = 9
	closing   = 11
)

// lostAfter is how many times in a row the oldest data is sent again without an answer, at intervals that double from 200 ms or
// somewhat more, before the peer counts as unreachable.
const lostAfter = 8

func (s state) err() error {
	switch s[0] {
	case timeWait, closed, closeWait, lastAck, closing:
		return io.EOF
	}
	if retransmits := s[2]; retransmits >= lostAfter {
		return ErrUnreachable
	}
	return nil
}
