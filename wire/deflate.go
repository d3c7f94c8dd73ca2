package wire

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"slices"
	"sync"
)

// Inflating and deflating take tens to hundreds of kilobytes of tables, hence the pools.
var (
	inflaters = sync.Pool{New: func() any { return new(inflater) }}
	deflaters = sync.Pool{New: func() any { return newDeflater() }}
)

// Inflate appends to dst what src, a zlib or gzip stream, holds; bytes behind the stream are
// ignored. Limit bounds the output in bytes; 0 and below mean [DefaultLimit]. Whatever src claims,
// dst grows no further than append would take it for limit bytes more.
//
// The error is [ErrTooLarge] over the limit, [ErrDeflate] for a stream that is neither, cut short
// or damaged; dst is then returned as it was, but for the bytes between its length and its
// capacity.
func Inflate(dst, src []byte, limit int) ([]byte, error) {
	if limit <= 0 {
		limit = DefaultLimit
	}
	f := inflaters.Get().(*inflater)
	defer f.release()
	r, err := f.open(src)
	if err != nil {
		return dst, ErrDeflate
	}
	out := dst
	for room := limit; ; {
		if len(out) == cap(out) {
			out = slices.Grow(out, 512)
		}
		free := out[len(out):cap(out)]
		if len(free) > room {
			free = free[:room+1] // the byte too many tells
		}
		n, err := r.Read(free)
		if n > room {
			return dst, ErrTooLarge
		}
		out, room = out[:len(out)+n], room-n
		switch err {
		case nil:
		case io.EOF:
			return out, nil
		default:
			return dst, ErrDeflate
		}
	}
}

// Deflate appends src to dst as a zlib stream.
func Deflate(dst, src []byte) []byte {
	d := deflaters.Get().(*deflater)
	d.out = dst
	d.zlib.Reset(d)
	d.zlib.Write(src) // a deflater's Write does not fail
	d.zlib.Close()
	dst, d.out = d.out, nil
	deflaters.Put(d)
	return dst
}

// inflater keeps one reader of each kind, made when it is first wanted.
type inflater struct {
	src  bytes.Reader
	zlib io.ReadCloser
	gzip *gzip.Reader
}

func (f *inflater) open(src []byte) (r io.Reader, err error) {
	f.src.Reset(src)
	if bytes.HasPrefix(src, []byte{0x1f, 0x8b}) {
		if f.gzip == nil {
			f.gzip = new(gzip.Reader)
		}
		if err = f.gzip.Reset(&f.src); err == nil {
			f.gzip.Multistream(false)
		}
		return f.gzip, err
	}
	if f.zlib == nil {
		f.zlib, err = zlib.NewReader(&f.src)
		return f.zlib, err
	}
	return f.zlib, f.zlib.(zlib.Resetter).Reset(&f.src, nil)
}

func (f *inflater) release() {
	f.src.Reset(nil)
	inflaters.Put(f)
}

// deflater is the io.Writer that its zlib.Writer writes to.
type deflater struct {
	out  []byte
	zlib *zlib.Writer
}

func newDeflater() *deflater {
	d := new(deflater)
	d.zlib = zlib.NewWriter(d)
	return d
}

func (d *deflater) Write(p []byte) (int, error) {
	d.out = append(d.out, p...)
	return len(p), nil
}
