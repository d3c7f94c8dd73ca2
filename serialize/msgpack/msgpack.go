// Package msgpack is the MessagePack serializer: what JSON can say in fewer bytes, and []byte as it
// is.
//
//	nano.Listen(":3250", nano.WithSerializer(msgpack.NewSerializer()))
//
// It is github.com/vmihailenco/msgpack/v5 with its defaults: fields are named by `msgpack:"name"`
// tags, else by their Go names (`json` tags do not count); types may bring their own
// EncodeMsgpack and DecodeMsgpack, or MarshalMsgpack and UnmarshalMsgpack.
//
// That library trusts its input: a few bytes can make it allocate gigabytes or panic. Here every
// length is compared with the bytes that are there before the library sees any, nesting ends at
// 10,000 levels, as in encoding/json, and a panic becomes an error. The price is that of strings with
// the `intern` option a payload can safely have 222 different ones: indexes 222 and 223 are refused.
package msgpack

import (
	"errors"
	"fmt"
	"sync"

	"github.com/vmihailenco/msgpack/v5"
)

// maxPooled is the size in bytes of the longest payload after which an encoder or a decoder is used
// again. Both may own buffers as large as the payload.
const maxPooled = 64 << 10

// Serializer encodes and decodes MessagePack. The zero value is ready to use. All methods may be
// called at the same time. A Serializer must not be copied after its first use.
type Serializer struct {
	encoders sync.Pool // of *encoder
	decoders sync.Pool // of *decoder
}

// NewSerializer returns a MessagePack serializer.
func NewSerializer() *Serializer { return new(Serializer) }

// Name returns "msgpack".
func (s *Serializer) Name() string { return "msgpack" }

// Marshal returns the MessagePack encoding of v in a slice that belongs to the caller. A value that
// contains itself is not noticed. Errors are those of the library.
func (s *Serializer) Marshal(v any) ([]byte, error) {
	b, err := s.AppendMarshal(make([]byte, 0, 64), v)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// AppendMarshal appends the MessagePack encoding of v to dst, with no allocation of its own once
// dst is large enough. On an error dst is returned with the length that it had. A panic in a
// method of v reaches the caller and does no harm to later calls. Errors are those of the library.
func (s *Serializer) AppendMarshal(dst []byte, v any) ([]byte, error) {
	return s.encode(dst, func(e *msgpack.Encoder) error { return e.Encode(v) })
}

// encode appends to dst what write writes.
func (s *Serializer) encode(dst []byte, write func(*msgpack.Encoder) error) ([]byte, error) {
	e, _ := s.encoders.Get().(*encoder)
	if e == nil {
		e = newEncoder()
	}
	e.out = dst
	// An encoder that failed or panicked is left to the collector: what it still holds is unknown.
	if err := write(e.msgpack); err != nil {
		return dst, err
	}
	out := e.out
	e.out = nil
	if len(out)-len(dst) <= maxPooled {
		e.msgpack.Reset(e) // forgets interned strings, and settings made by an EncodeMsgpack method
		s.encoders.Put(e)
	}
	return out, nil
}

// Unmarshal decodes data into v, which must be a pointer that is not nil. Fields that data does not
// mention keep their values. Nothing of data is kept. Data left over after the value is an error.
// A panic on the way, also one in a DecodeMsgpack or UnmarshalMsgpack method, is returned as an
// error.
func (s *Serializer) Unmarshal(data []byte, v any) error {
	extensions, err := check(data)
	if err != nil {
		return err
	}
	d, _ := s.decoders.Get().(*decoder)
	if d == nil {
		d = newDecoder()
	}
	d.reader = reader{data: data, extensions: extensions}
	// As above: a decoder that failed is not used again.
	if err := d.decode(v); err != nil {
		return err
	}
	if d.reader.pos < len(data) {
		return errors.New("msgpack: bytes left over after the value")
	}
	if len(data) <= maxPooled {
		d.reader = reader{}
		d.msgpack.Reset(&d.reader) // as with encoders
		s.decoders.Put(d)
	}
	return nil
}

// encoder is a msgpack.Encoder that appends to out. In the pool, out is nil.
type encoder struct {
	msgpack *msgpack.Encoder
	out     []byte
}

func newEncoder() *encoder {
	e := new(encoder)
	e.msgpack = msgpack.NewEncoder(e)
	return e
}

func (e *encoder) Write(p []byte) (int, error) {
	e.out = append(e.out, p...)
	return len(p), nil
}

// WriteByte spares the library a wrapper that allocates for every byte.
func (e *encoder) WriteByte(c byte) error {
	e.out = append(e.out, c)
	return nil
}

// decoder is a msgpack.Decoder that reads from reader. In the pool, the reader is empty.
type decoder struct {
	msgpack *msgpack.Decoder
	reader  reader
}

func newDecoder() *decoder {
	d := new(decoder)
	d.msgpack = msgpack.NewDecoder(&d.reader)
	return d
}

func (d *decoder) decode(v any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("msgpack: decoding into %T failed: %v", v, p)
		}
	}()
	return d.msgpack.Decode(v)
}
