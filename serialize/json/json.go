// Package json is the JSON serializer, nano's default.
//
//	nano.Listen(":3250", nano.WithSerializer(json.NewSerializer()))
//
// It is encoding/json with its output appended to the connection's buffer: struct tags, Marshaler
// and Unmarshaler methods, the escaping of <, > and & and the treatment of what is not UTF-8 are
// those of encoding/json.
package json

import (
	"encoding/json"
	"sync"
)

// maxPooled is the size in bytes of the longest output after which an encoder is used again. The
// encoder may own a buffer as large as what it wrote last.
const maxPooled = 64 << 10

// Serializer encodes and decodes JSON. The zero value is ready to use. All methods may be called
// at the same time. A Serializer must not be copied after its first use.
type Serializer struct {
	encoders sync.Pool // of *encoder
}

// NewSerializer returns a JSON serializer.
func NewSerializer() *Serializer { return new(Serializer) }

// Name returns "json".
func (s *Serializer) Name() string { return "json" }

// Marshal returns the JSON encoding of v in a slice that belongs to the caller. Errors are those of
// [json.Marshal].
func (s *Serializer) Marshal(v any) ([]byte, error) { return json.Marshal(v) }

// Unmarshal decodes data, which must hold exactly one JSON value, into v, which must be a pointer
// that is not nil. Fields that data does not mention keep their values. Nothing of data is kept.
// Errors are those of [json.Unmarshal].
func (s *Serializer) Unmarshal(data []byte, v any) error { return json.Unmarshal(data, v) }

// AppendMarshal appends to dst the bytes that [json.Marshal] would return, with no allocation of
// its own once dst is large enough. On an error dst is returned with the length that it had. A panic
// in a MarshalJSON method of v reaches the caller and does no harm to later calls.
func (s *Serializer) AppendMarshal(dst []byte, v any) ([]byte, error) {
	e, _ := s.encoders.Get().(*encoder)
	if e == nil {
		e = newEncoder()
	}
	e.out = dst
	// An encoder that failed or panicked is left to the collector: what it still holds is unknown.
	if err := e.json.Encode(v); err != nil {
		return dst, err
	}
	out := e.out[:len(e.out)-1] // without the newline that Encode ends with
	e.out = nil
	if len(out)-len(dst) <= maxPooled {
		s.encoders.Put(e)
	}
	return out, nil
}

// encoder is a json.Encoder that appends to out. In the pool, out is nil.
type encoder struct {
	json *json.Encoder
	out  []byte
}

func newEncoder() *encoder {
	e := new(encoder)
	e.json = json.NewEncoder(e)
	return e
}

func (e *encoder) Write(p []byte) (int, error) {
	e.out = append(e.out, p...)
	return len(p), nil
}
