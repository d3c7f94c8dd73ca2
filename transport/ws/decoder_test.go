package ws

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

// decodeAll decodes b in pieces of the given sizes, the last one again and
// again, and returns the payload, the events, and the violation.
func decodeAll(b []byte, limit int64, sizes ...int) (payload []byte, log string) {
	d := decoder{limit: limit}
	b = bytes.Clone(b)
	for i := 0; len(b) > 0; i++ {
		size := min(len(b), max(1, sizes[min(i, len(sizes)-1)]))
		src := b[:size]
		b = b[size:]
		for len(src) > 0 {
			n, used, ev, bad := d.next(src, src)
			payload = append(payload, src[:n]...)
			src = src[used:]
			if ev != nothing {
				log += string(rune('0'+ev)) + string(d.take())
			}
			if bad != nil {
				return payload, log + bad.Error()
			}
			if ev == closed {
				return payload, log
			}
		}
	}
	if !d.between() {
		log += "unfinished"
	}
	return payload, log
}

// session is most of what a client may send.
var session = bytes.Join([][]byte{
	binaryFrame("hello"),
	fragment(fin|byte(ws.OpPing), "are you there"),
	binaryFrame(""),
	fragment(byte(ws.OpBinary), "one "),
	fragment(fin|byte(ws.OpPing), ""),
	fragment(byte(ws.OpContinuation), ""),
	fragment(fin|byte(ws.OpPong), "ignored"),
	fragment(fin|byte(ws.OpContinuation), "message"),
	binaryFrame(strings.Repeat("0123456789", 13)),
	binaryFrame(strings.Repeat("0123456789", 7000)),
	closeFrame(1000, "bye"),
}, nil)

var (
	sessionPayload = "helloone message" + strings.Repeat("0123456789", 7013)
	sessionLog     = "1are you there" + "1" + "2\x03\xe8bye"
)

func TestDecoderSplits(t *testing.T) {
	check := func(sizes ...int) {
		payload, log := decodeAll(session, -1, sizes...)
		if string(payload) != sessionPayload || log != sessionLog {
			t.Fatalf("pieces of %v: %d bytes of payload, %q", sizes, len(payload), log)
		}
	}
	for size := 1; size < 40; size++ {
		check(size)
	}
	for at := 1; at < len(session); at++ {
		if at > 400 && at < len(session)-100 {
			continue // inside a large payload
		}
		check(at, len(session))
	}
}

// FuzzDecoder checks that how bytes are split does not matter.
func FuzzDecoder(f *testing.F) {
	f.Add(session[:300], uint16(7), int64(1<<20))
	f.Add(session[len(session)-10:], uint16(1), int64(-1))
	f.Add(binaryFrame("x")[:3], uint16(2), int64(0))
	for _, v := range violations {
		f.Add(bytes.Join(v.frames, nil), uint16(3), int64(100))
	}
	f.Fuzz(func(t *testing.T, b []byte, size uint16, limit int64) {
		want, wantLog := decodeAll(b, limit, len(b))
		got, log := decodeAll(b, limit, int(size))
		if !bytes.Equal(got, want) || log != wantLog {
			t.Errorf("whole: %q %q\npieces of %d: %q %q", want, wantLog, size, got, log)
		}
	})
}

// FuzzParseHeader compares with the library's reader.
func FuzzParseHeader(f *testing.F) {
	f.Add([]byte{0x82, 0x85, 1, 2, 3, 4, 'x'})
	f.Add([]byte{0x82, 0x7e, 1, 0})
	f.Add([]byte{0x02, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4})
	f.Add([]byte{0xf8, 0xff, 0x80, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, n, err := parseHeader(b)
		r := bytes.NewReader(b)
		want, wantErr := ws.ReadHeader(r)
		if wantErr == io.EOF || wantErr == io.ErrUnexpectedEOF {
			if n != 0 || err != nil {
				t.Fatalf("header of %x: %d, %v, want more bytes", b, n, err)
			}
			return
		}
		if err != wantErr || err == nil && (h != want || n != len(b)-r.Len()) {
			t.Fatalf("header of %x: %+v, %d, %v, want %+v, %v", b, h, n, err, want, wantErr)
		}
	})
}

func TestAppendHeader(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 65535, 65536, 1 << 30} {
		var want bytes.Buffer
		h := ws.Header{Fin: true, OpCode: ws.OpBinary, Length: int64(n)}
		if err := ws.WriteHeader(&want, h); err != nil {
			t.Fatal(err)
		}
		if got := appendHeader(nil, ws.OpBinary, n); !bytes.Equal(got, want.Bytes()) {
			t.Errorf("length %d: %x, want %x", n, got, want.Bytes())
		}
		if got, k, err := parseHeader(want.Bytes()); got != h || k != want.Len() || err != nil {
			t.Errorf("length %d: parsed as %+v, %d, %v", n, got, k, err)
		}
	}
}

func TestCloseBody(t *testing.T) {
	long := strings.Repeat("x", 122) + "é"
	for reason, want := range map[string]string{
		"":                       "\x03\xe8",
		"bye":                    "\x03\xe8bye",
		long:                     "\x03\xe8" + long[:122],
		"\xff":                   "\x03\xe8\uFFFD",
		strings.Repeat("x", 123): "\x03\xe8" + strings.Repeat("x", 123),
	} {
		got := closeBody(1000, reason)
		if string(got) != want {
			t.Errorf("reason %q: %q", reason, got)
		}
		if bad := checkClose(got); bad != nil {
			t.Errorf("reason %q: %v", reason, bad)
		}
	}
}

func BenchmarkDecoder(b *testing.B) {
	for _, size := range []int{64, 1024, 16384} {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			frame := binaryFrame(strings.Repeat("x", size))
			buf := make([]byte, len(frame))
			d := decoder{limit: defaultReadLimit}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				copy(buf, frame)
				if n, _, _, bad := d.next(buf, buf); n != size || bad != nil {
					b.Fatal(n, bad)
				}
			}
		})
	}
}
