package hangup

import (
	"io"
	"testing"
)

func TestState(t *testing.T) {
	for s, want := range map[state]error{
		{1}:          nil, // established
		{1, 0, 7, 9}: nil,
		{1, 0, 8}:    ErrUnreachable,
		{3}:          nil, // the handshake
		{4}:          nil, // this side has closed
		{5}:          nil,
		{6}:          io.EOF,
		{7}:          io.EOF,
		{8, 0, 9}:    io.EOF,
		{9}:          io.EOF,
		{11}:         io.EOF,
	} {
		if got := s.err(); got != want {
			t.Errorf("%v: %v, want %v", s, got, want)
		}
	}
}
