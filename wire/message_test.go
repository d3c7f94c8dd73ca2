package wire

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"
)

// heads yields every combination of types and flags with ids, codes and routes at their edges.
func heads(yield func(Head) bool) {
	ids := []uint64{0, 1, math.MaxUint64}
	for shift := 7; shift < 64; shift += 7 {
		ids = append(ids, 1<<shift-1, 1<<shift)
	}
	routes := []struct {
		code uint16
		text string
	}{{0, ""}, {0, "a"}, {0, strings.Repeat("é", 127) + "x"}, {1, ""}, {256, ""}, {math.MaxUint16, ""}}
	for bits := range 16 {
		for _, id := range ids {
			for _, r := range routes {
				h := Head{Type: Type(bits & 3), IsError: bits&4 != 0, Deflated: bits&8 != 0}
				if h.Type.hasID() {
					h.ID = id
				}
				if h.Type != Response {
					h.Code, h.Route = r.code, r.text
				}
				if !yield(h) {
					return
				}
			}
		}
	}
}

// headOf turns a view back into what would write it.
func headOf(m MessageView) Head {
	return Head{m.Type, m.IsError, m.Deflated, m.ID, m.Code, string(m.Route)}
}

func TestMessageRoundTrip(t *testing.T) {
	for h := range heads {
		b, err := AppendMessage([]byte("before"), h, []byte("payload"))
		if err != nil {
			t.Fatalf("%+v: %v", h, err)
		}
		m, err := ParseMessage(b[len("before"):])
		if err != nil {
			t.Fatalf("%+v: %v", h, err)
		}
		if headOf(m) != h || string(m.Payload) != "payload" {
			t.Fatalf("wrote %+v, read %+v", h, m)
		}
	}
}

// A message cut anywhere is an error or a shorter payload.
func TestMessageCutShort(t *testing.T) {
	for h := range heads {
		head, err := AppendHead(nil, h)
		if err != nil {
			t.Fatal(err)
		}
		for n := range head {
			if m, err := ParseMessage(head[:n]); err == nil {
				t.Fatalf("%d bytes of %x: no error, %+v", n, head, m)
			} else if !reflect.DeepEqual(m, MessageView{}) {
				t.Fatalf("%d bytes of %x: error and %+v", n, head, m)
			}
		}
		if _, err := ParseMessage(head); err != nil {
			t.Fatalf("%x: %v", head, err)
		}
	}
}

func TestParseMessageLeniency(t *testing.T) {
	for _, test := range []struct {
		name string
		in   string
		want Head
	}{
		{"reserved bits", "\xc2\x01a", Head{Type: Notify, Route: "a"}},
		{"non-minimal id", "\x00\x81\x80\x00\x01a", Head{ID: 1, Route: "a"}},
		{"route code bit on a response", "\x05\x07", Head{Type: Response, ID: 7}},
		{"request id 0", "\x00\x00\x01a", Head{Route: "a"}},
		{"route that is not UTF-8", "\x02\x01\xff", Head{Type: Notify, Route: "\xff"}},
	} {
		m, err := ParseMessage([]byte(test.in))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		} else if headOf(m) != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, m, test.want)
		}
	}
}

func TestParseMessageErrors(t *testing.T) {
	for _, test := range []struct {
		name, in string
		want     error
	}{
		{"route code 0", "\x03\x00\x00", ErrRoute},
		{"id of ten bytes and a bit", "\x04\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", ErrVarint},
		{"id that never ends", "\x04" + strings.Repeat("\x80", 100), ErrVarint},
		{"type before id", "\x0a", ErrMessageType},
		{"route of 255, 254 there", "\x02\xff" + strings.Repeat("a", 254), ErrRoute},
	} {
		if _, err := ParseMessage([]byte(test.in)); err != test.want {
			t.Errorf("%s: error %v, want %v", test.name, err, test.want)
		}
	}
}

func TestAppendHeadErrors(t *testing.T) {
	long := strings.Repeat("a", MaxRoute+1)
	for _, test := range []struct {
		name string
		head Head
		want error
	}{
		{"long route", Head{Route: long}, ErrRoute},
		{"long route behind a code", Head{Code: 1, Route: long}, nil},
		{"long route of a response", Head{Type: Response, Route: long}, nil},
		{"unknown type", Head{Type: 4}, ErrMessageType},
	} {
		got, err := AppendMessage([]byte("before"), test.head, []byte("payload"))
		if err != test.want {
			t.Errorf("%s: error %v, want %v", test.name, err, test.want)
		}
		if err != nil && string(got) != "before" {
			t.Errorf("%s: dst came back as %q", test.name, got)
		}
	}
}

// What a type has no place for is left out.
func TestAppendHeadLeavesOut(t *testing.T) {
	for _, test := range []struct {
		head Head
		want string
	}{
		{Head{Type: Response, ID: 1, Code: 2, Route: "a"}, "\x04\x01"},
		{Head{Type: Push, ID: 1, Route: "a"}, "\x06\x01a"},
		{Head{Type: Notify, ID: 1, Code: 2, Route: "a"}, "\x03\x00\x02"},
	} {
		if got, err := AppendHead(nil, test.head); err != nil || string(got) != test.want {
			t.Errorf("%+v: %x, error %v, want %x", test.head, got, err, test.want)
		}
	}
}

func TestTypeString(t *testing.T) {
	if got := Push.String() + ", " + Type(9).String(); got != "push, message type 9" {
		t.Error(got)
	}
}

func TestNoAllocations(t *testing.T) {
	head := Head{Type: Request, ID: 1 << 40, Route: "room.message"}
	payload := []byte(`{"content":"hi"}`)
	message, _ := AppendMessage(nil, head, payload)
	packet, _ := AppendPacket(nil, PacketData, message)
	buf := make([]byte, 0, 256)
	for name, f := range map[string]func() error{
		"ParsePacket":     func() error { _, _, err := ParsePacket(packet, 0); return err },
		"ParsePacket err": func() error { _, _, err := ParsePacket(packet[:5], 0); return is(err, ErrShort) },
		"ParseMessage":    func() error { _, err := ParseMessage(message); return err },
		"AppendHead":      func() error { _, err := AppendHead(buf, head); return err },
		"AppendMessage":   func() error { _, err := AppendMessage(buf, head, payload); return err },
		"AppendPacket":    func() error { _, err := AppendPacket(buf, PacketData, payload); return err },
		"BeginPacket":     func() error { return FinishPacket(BeginPacket(buf, PacketData), 0) },
	} {
		var err error
		if n := testing.AllocsPerRun(100, func() { err = f() }); n != 0 || err != nil {
			t.Errorf("%s: %v allocations, error %v", name, n, err)
		}
	}
}

// is turns the wanted error into none.
func is(err, want error) error {
	if err == want {
		return nil
	}
	return err
}

func FuzzParseMessage(f *testing.F) {
	valid, invalid := loadVectors(f)
	for _, v := range append(valid, invalid...) {
		f.Add([]byte(v.Hex[HeaderLen:]))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := ParseMessage(in)
		if err != nil {
			return
		}
		if !bytes.HasSuffix(in, m.Payload) || !bytes.Contains(in, m.Route) {
			t.Errorf("%+v is not in %x", m, in)
		}
		again, err := AppendMessage(nil, headOf(m), m.Payload)
		if err != nil || len(again) > len(in) {
			t.Fatalf("%x written again: %x, error %v", in, again, err)
		}
		if m2, err := ParseMessage(again); err != nil || headOf(m2) != headOf(m) || !bytes.Equal(m2.Payload, m.Payload) {
			t.Errorf("%+v read again: %+v, error %v", m, m2, err)
		}
	})
}
