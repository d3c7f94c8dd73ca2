package wire

import (
	"bytes"
	"testing"
)

var (
	benchPayload = bytes.Repeat([]byte("x"), 64)
	benchHead    = Head{Type: Request, ID: 300, Route: "room.message"}
)

func benchPacket(b *testing.B, h Head) []byte {
	message, err := AppendMessage(nil, h, benchPayload)
	if err != nil {
		b.Fatal(err)
	}
	packet, err := AppendPacket(nil, PacketData, message)
	if err != nil {
		b.Fatal(err)
	}
	return packet
}

func BenchmarkParsePacket(b *testing.B) {
	packet := benchPacket(b, benchHead)
	b.ReportAllocs()
	for b.Loop() {
		if _, rest, err := ParsePacket(packet, DefaultLimit); err != nil || len(rest) != 0 {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseMessage(b *testing.B) {
	for _, test := range []struct {
		name string
		head Head
	}{
		{"request", benchHead},
		{"code", Head{Type: Notify, Code: 258}},
		{"response", Head{Type: Response, ID: 1}},
	} {
		b.Run(test.name, func(b *testing.B) {
			body := benchPacket(b, test.head)[HeaderLen:]
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseMessage(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppendHead(b *testing.B) {
	for _, test := range []struct {
		name string
		head Head
	}{
		{"request", benchHead},
		{"push", Head{Type: Push, Route: "onMessage"}},
		{"response", Head{Type: Response, ID: 300}},
	} {
		b.Run(test.name, func(b *testing.B) {
			buf := make([]byte, 0, 512)
			b.ReportAllocs()
			for b.Loop() {
				AppendHead(buf, test.head)
			}
		})
	}
}

// A message's way in and out: packet, message, payload.
func BenchmarkIn(b *testing.B) {
	packet := benchPacket(b, benchHead)
	b.ReportAllocs()
	for b.Loop() {
		p, _, err := ParsePacket(packet, DefaultLimit)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := ParseMessage(p.Body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOut(b *testing.B) {
	buf := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		out, err := AppendMessage(BeginPacket(buf, PacketData), benchHead, benchPayload)
		if err != nil {
			b.Fatal(err)
		}
		if err := FinishPacket(out, 0); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkInflate(b *testing.B) {
	src := Deflate(nil, bytes.Repeat([]byte("abcdefgh"), 128))
	buf := make([]byte, 0, 2048)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Inflate(buf, src, 0); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDeflate(b *testing.B) {
	payload := bytes.Repeat([]byte("abcdefgh"), 128)
	buf := make([]byte, 0, 2048)
	b.ReportAllocs()
	for b.Loop() {
		Deflate(buf, payload)
	}
}

func BenchmarkDictionaryCode(b *testing.B) {
	d, err := NewDictionary(map[string]uint16{"room.message": 1, "room.join": 258, "onMessage": 65535})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		d.Code("onMessage")
	}
}
