package wire

import (
	"bytes"
	"testing"
)

func TestParsePacketStream(t *testing.T) {
	stream := []byte{3, 0, 0, 0, 4, 0, 0, 2, 'h', 'i', 2, 0, 0, 0, 1, 0, 0}
	want := []Packet{
		{PacketHeartbeat, []byte{}},
		{PacketData, []byte("hi")},
		{PacketAck, []byte{}},
	}
	for _, w := range want {
		p, rest, err := ParsePacket(stream, 0)
		if err != nil {
			t.Fatal(err)
		}
		if p.Type != w.Type || !bytes.Equal(p.Body, w.Body) {
			t.Errorf("got %v, want %v", p, w)
		}
		if cap(p.Body) != len(p.Body) {
			t.Error("an append to the body would overwrite what follows")
		}
		stream = rest
	}
	if _, rest, err := ParsePacket(stream, 0); err != ErrShort || len(rest) != 3 {
		t.Errorf("rest %x, error %v, want 3 bytes and %v", rest, err, ErrShort)
	}
}

func TestParsePacketErrors(t *testing.T) {
	for _, test := range []struct {
		name  string
		in    []byte
		limit int
		want  error
	}{
		{"nothing", nil, 0, ErrShort},
		{"type alone", []byte{4}, 0, ErrShort},
		{"unknown type, known at once", []byte{6}, 0, ErrPacketType},
		{"type 0", []byte{0}, 0, ErrPacketType},
		{"type 255", []byte{255, 255, 255, 255}, 0, ErrPacketType},
		{"over the default, known from the header", []byte{4, 1, 0, 1}, 0, ErrTooLarge},
		{"at the default", []byte{4, 1, 0, 0}, 0, ErrShort},
		{"negative is the default", []byte{4, 1, 0, 1}, -1, ErrTooLarge},
		{"over the limit", []byte{4, 0, 0, 3, 1, 2, 3}, 2, ErrTooLarge},
		{"at the limit", []byte{4, 0, 0, 3, 1, 2, 3}, 3, nil},
		{"largest", []byte{4, 255, 255, 255}, MaxBody, ErrShort},
	} {
		if _, rest, err := ParsePacket(test.in, test.limit); err != test.want {
			t.Errorf("%s: error %v, want %v", test.name, err, test.want)
		} else if err != nil && !bytes.Equal(rest, test.in) {
			t.Errorf("%s: rest %x, want the input", test.name, rest)
		}
	}
}

func TestPacketLargest(t *testing.T) {
	body := make([]byte, MaxBody+1)
	if got, err := AppendPacket([]byte("x"), PacketData, body); err != ErrTooLarge || string(got) != "x" {
		t.Errorf("one byte over: %d bytes, error %v", len(got), err)
	}
	b, err := AppendPacket(nil, PacketData, body[:MaxBody])
	if err != nil {
		t.Fatal(err)
	}
	if p, rest, err := ParsePacket(b, MaxBody); err != nil || len(p.Body) != MaxBody || len(rest) != 0 {
		t.Errorf("body of %d, rest of %d, error %v", len(p.Body), len(rest), err)
	}
	if err := FinishPacket(b, 0); err != nil {
		t.Errorf("FinishPacket: %v", err)
	}
	if err := FinishPacket(append(b, 0), 0); err != ErrTooLarge {
		t.Errorf("FinishPacket one byte over: error %v", err)
	}
}

func TestBeginFinishPacket(t *testing.T) {
	var got, want []byte
	for _, size := range []int{0, 1, 255, 256, 65535, 65536} {
		body := bytes.Repeat([]byte{byte(size)}, size)
		start := len(got)
		got = append(BeginPacket(got, PacketData), body...)
		if err := FinishPacket(got, start); err != nil {
			t.Fatal(err)
		}
		want, _ = AppendPacket(want, PacketData, body)
	}
	if !bytes.Equal(got, want) {
		t.Error("packets written in place differ from appended ones")
	}
}

func TestPacketTypeString(t *testing.T) {
	if got := PacketKick.String() + ", " + PacketType(9).String(); got != "kick, packet type 9" {
		t.Error(got)
	}
}

func FuzzParsePacket(f *testing.F) {
	valid, invalid := loadVectors(f)
	for _, v := range append(valid, invalid...) {
		f.Add([]byte(v.Hex), 0)
	}
	f.Add([]byte{3, 0, 0, 0, 2, 0, 0, 0}, 1)
	f.Fuzz(func(t *testing.T, in []byte, limit int) {
		p, rest, err := ParsePacket(in, limit)
		if err != nil {
			if !bytes.Equal(rest, in) || p.Body != nil {
				t.Errorf("error %v with packet %v, rest %x", err, p, rest)
			}
			return
		}
		if limit <= 0 {
			limit = DefaultLimit
		}
		if len(p.Body) > limit {
			t.Errorf("body of %d over the limit of %d", len(p.Body), limit)
		}
		again, err := AppendPacket(nil, p.Type, p.Body)
		if again = append(again, rest...); err != nil || !bytes.Equal(again, in) {
			t.Errorf("written again: %x, error %v, want %x", again, err, in)
		}
	})
}
