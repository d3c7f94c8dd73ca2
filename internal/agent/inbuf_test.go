package agent

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/lonng/nano/internal/lazyread"
)

// source gives a stream in pieces, and looks at the buffer in between.
type source struct {
	io.Reader
	t      *testing.T
	in     *inbuf
	stream []byte
	piece  func() int // below 0: nothing for the caller
	idle   int        // times that it waited without a buffer
}

func (s *source) ReadLazily(b lazyread.Buffer) (int, error) {
	b.Lend()
	b.GiveBack() // it waits
	if s.in.start == s.in.end {
		if s.in.buf != nil {
			s.t.Fatal("an empty buffer is held while it waits")
		}
		s.idle++
	}
	if len(s.stream) == 0 {
		return 0, io.EOF
	}
	n := s.piece()
	if n < 0 {
		return 0, nil
	}
	room := b.Lend()
	if len(room) == 0 {
		s.t.Fatal("no room was lent")
	}
	n = copy(room, s.stream[:min(n, len(s.stream))])
	s.stream = s.stream[n:]
	return n, nil
}

// What is skipped and what is there make up the stream, whatever the pieces and the messages.
func TestInbuf(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 5))
		want := make([]byte, r.IntN(200_000))
		for i := range want {
			want[i] = byte(r.Uint32())
		}
		in := &inbuf{}
		in.src = &source{t: t, in: in, stream: want, piece: func() int {
			if n := r.IntN(1 + r.IntN(9000)); n > 0 {
				return n
			}
			return -1
		}}
		var got []byte
		message := 1
		for {
			err := in.fill()
			if err != nil {
				if err != io.EOF {
					t.Fatal(err)
				}
				break
			}
			for len(in.bytes()) >= message {
				got = append(got, in.bytes()[:message]...)
				in.skip(message)
				message = 1 + r.IntN(1+r.IntN(20_000))
			}
			if in.buf != nil && len(*in.buf) > 64<<10 {
				t.Fatalf("a buffer of %d bytes for messages of up to 20,000", len(*in.buf))
			}
		}
		got = append(got, in.bytes()...)
		if !bytes.Equal(got, want) {
			t.Fatalf("seed %d: %d bytes came out of %d, or others", seed, len(got), len(want))
		}
	}
}

// Memory follows what came, not what a header claims.
func TestInbufGrowth(t *testing.T) {
	in := &inbuf{}
	in.src = &source{t: t, in: in, stream: make([]byte, 100_000), piece: func() int { return 1000 }}
	first := 0 // a used buffer may be larger than a new one
	for len(in.bytes()) < 100_000 {
		if err := in.fill(); err != nil {
			t.Fatal(err)
		}
		size, n := len(*in.buf), len(in.bytes())
		if first == 0 {
			first = size
		}
		if size > max(first, 2*n) {
			t.Fatalf("a buffer of %d bytes for %d", size, n)
		}
	}
	in.skip(100_000)
	if err := in.fill(); !errors.Is(err, io.EOF) || in.buf != nil {
		t.Errorf("%v, buffer held: %v", err, in.buf != nil)
	}
}
