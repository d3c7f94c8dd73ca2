package wire

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"math"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func gzipped(p []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(p)
	w.Close()
	return b.Bytes()
}

func TestInflate(t *testing.T) {
	long := []byte(strings.Repeat("nano ", 10_000))
	for _, payload := range [][]byte{nil, []byte("x"), long} {
		for name, src := range map[string][]byte{
			"zlib":               Deflate(nil, payload),
			"gzip":               gzipped(payload),
			"bytes behind":       append(Deflate(nil, payload), "more"...),
			"another gzip after": append(gzipped(payload), gzipped([]byte("more"))...),
		} {
			got, err := Inflate([]byte("before"), src, 0)
			if err != nil || string(got) != "before"+string(payload) {
				t.Errorf("%s of %d bytes: %d bytes, error %v", name, len(payload), len(got), err)
			}
		}
	}
}

func TestInflateLimit(t *testing.T) {
	payload := make([]byte, DefaultLimit+1)
	for _, test := range []struct {
		size, limit int
		want        error
	}{
		{0, 1, nil},
		{5, 5, nil},
		{6, 5, ErrTooLarge},
		{1000, 999, ErrTooLarge},
		{DefaultLimit, 0, nil},
		{DefaultLimit + 1, 0, ErrTooLarge},
		{DefaultLimit + 1, -1, ErrTooLarge},
		{DefaultLimit + 1, math.MaxInt, nil},
	} {
		src := Deflate(nil, payload[:test.size])
		got, err := Inflate([]byte("before"), src, test.limit)
		if err != test.want {
			t.Errorf("%+v: error %v", test, err)
		}
		if err != nil && string(got) != "before" {
			t.Errorf("%+v: dst came back as %d bytes", test, len(got))
		}
	}
}

// A few kilobytes that stand for many megabytes cost no more memory than the limit allows.
func TestInflateBomb(t *testing.T) {
	const limit, bound = 64 << 10, 512 << 10
	zeros := make([]byte, 16<<20)
	for name, bomb := range map[string][]byte{"zlib": Deflate(nil, zeros), "gzip": gzipped(zeros)} {
		if len(bomb) > limit {
			t.Fatalf("%s: %d bytes are no bomb", name, len(bomb))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got, err := Inflate(nil, bomb, limit)
		runtime.ReadMemStats(&after)
		if err != ErrTooLarge || got != nil {
			t.Errorf("%s: %d bytes, error %v", name, len(got), err)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > bound {
			t.Errorf("%s: allocated %d bytes, want at most %d", name, n, bound)
		}
	}
}

func TestInflateDamaged(t *testing.T) {
	payload := []byte("what the checksum of a stream is there for")
	for name, src := range map[string][]byte{"zlib": Deflate(nil, payload), "gzip": gzipped(payload)} {
		for n := range src {
			if got, err := Inflate(nil, src[:n], 0); err != ErrDeflate || got != nil {
				t.Errorf("%s, %d bytes of %d: %q, error %v", name, n, len(src), got, err)
			}
		}
		for bit := range len(src) * 8 {
			bad := bytes.Clone(src)
			bad[bit/8] ^= 1 << (bit % 8)
			got, err := Inflate(nil, bad, 0)
			if err == nil && !bytes.Equal(got, payload) {
				t.Errorf("%s, bit %d turned: %q, no error", name, bit, got)
			}
		}
	}
	if _, err := Inflate(nil, dictionaryStream(), 0); err != ErrDeflate {
		t.Errorf("stream that wants a preset dictionary: error %v", err)
	}
}

func dictionaryStream() []byte {
	var b bytes.Buffer
	w, _ := zlib.NewWriterLevelDict(&b, zlib.DefaultCompression, []byte("dictionary"))
	w.Write([]byte("dictionary"))
	w.Close()
	return b.Bytes()
}

// Any zlib reader reads what Deflate writes.
func TestDeflate(t *testing.T) {
	payload := bytes.Repeat([]byte("abcdefgh"), 1000)
	b := Deflate([]byte("before"), payload)
	if len(b) > 200 || !bytes.HasPrefix(b, []byte("before")) {
		t.Fatalf("%d bytes, %.10q", len(b), b)
	}
	r, err := zlib.NewReader(bytes.NewReader(b[len("before"):]))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, payload) {
		t.Errorf("%d bytes, error %v", len(got), err)
	}
}

// The pools share nothing between callers.
func TestDeflateConcurrent(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			payload := bytes.Repeat([]byte{byte(i)}, 1000+i)
			for range 50 {
				if got, err := Inflate(nil, Deflate(nil, payload), 0); err != nil || !bytes.Equal(got, payload) {
					t.Errorf("%d: %d bytes, error %v", i, len(got), err)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzInflate(f *testing.F) {
	for _, payload := range []string{"", "x", strings.Repeat("abc", 100)} {
		f.Add(Deflate(nil, []byte(payload)), 100)
		f.Add(gzipped([]byte(payload)), 1000)
	}
	f.Add([]byte("nonsense"), 0)
	f.Add(dictionaryStream(), 100)
	f.Fuzz(func(t *testing.T, src []byte, limit int) {
		limit = limit & (DefaultLimit - 1)
		got, err := Inflate([]byte("before"), src, limit)
		if limit == 0 {
			limit = DefaultLimit
		}
		switch {
		case !bytes.HasPrefix(got, []byte("before")):
			t.Errorf("dst is lost: %q", got)
		case err != nil && len(got) != len("before"):
			t.Errorf("error %v and %d bytes", err, len(got))
		case len(got)-len("before") > limit:
			t.Errorf("%d bytes over a limit of %d", len(got), limit)
		}
		if back, err := Inflate(nil, Deflate(nil, src), max(len(src), 1)); err != nil || !bytes.Equal(back, src) {
			t.Errorf("there and back: %x, error %v, want %x", back, err, src)
		}
	})
}
