// Package serialize says how values become payloads and payloads become values.
//
// A server has one [Serializer], chosen by an option; three come with nano, in the packages below
// this one: json (the default), protobuf and msgpack. A type of your own with the two methods of
// [Serializer] is as good:
//
//	type gobSerializer struct{}
//
//	func (gobSerializer) Marshal(v any) ([]byte, error)      { … }
//	func (gobSerializer) Unmarshal(data []byte, v any) error { … }
//
// What a serializer can do beyond that it says by further methods, each optional: [Appender] saves
// an allocation and a copy a message, [Named] tells clients in the handshake what they will be
// spoken to in, [ErrorMarshaler] gives error responses the serializer's own form. The functions
// [Append], [AppendError] and [Name] use these methods where they are present and do without them
// where they are not.
package serialize

import (
	"errors"
	"fmt"
)

// Marshaler encodes values.
//
// Marshal returns the encoding of v in a slice that belongs to the caller. Marshal is called from
// many goroutines at once.
type Marshaler interface {
	Marshal(v any) ([]byte, error)
}

// Unmarshaler decodes payloads.
//
// Unmarshal decodes data into v, which is a pointer. Data belongs to the caller, who uses it again
// as soon as Unmarshal returns: v must not point into it. Data comes from a client and may be
// anything. Unmarshal is called from many goroutines at once.
type Unmarshaler interface {
	Unmarshal(data []byte, v any) error
}

// Serializer is both directions of one encoding.
type Serializer interface {
	Marshaler
	Unmarshaler
}

// Appender is a [Serializer] that can encode behind what a buffer already holds.
//
// AppendMarshal appends the encoding of v to dst and returns the longer slice, as append does: the
// same array where the capacity is enough. On an error it returns dst as it was; the bytes between
// its length and its capacity may have been written to in either case.
type Appender interface {
	AppendMarshal(dst []byte, v any) ([]byte, error)
}

// Named is a [Serializer] that has a name: "json", "protobuf", "msgpack". Clients are told the name
// in the handshake.
type Named interface {
	Name() string
}

// ErrorMarshaler is a [Serializer] with a form of its own for the body of an error response.
//
// AppendError appends a body that holds code, msg and metadata to dst. The body must not be empty.
type ErrorMarshaler interface {
	AppendError(dst []byte, code, msg string, metadata map[string]string) ([]byte, error)
}

// Append appends the encoding of v by s to dst. A []byte counts as encoded already and is appended
// as it is, whatever s is. On an error dst is returned with the length that it had.
//
// Errors are those of s; they are not wrapped.
func Append(s Serializer, dst []byte, v any) ([]byte, error) {
	if b, ok := v.([]byte); ok {
		return append(dst, b...), nil
	}
	if a, ok := s.(Appender); ok {
		out, err := a.AppendMarshal(dst, v)
		if err == nil && len(out) < len(dst) {
			err = fmt.Errorf("serialize: AppendMarshal of %T returned less than it was given", s)
		}
		if err != nil {
			return dst, err
		}
		return out, nil
	}
	if s == nil {
		return dst, errors.New("serialize: no serializer")
	}
	b, err := s.Marshal(v)
	if err != nil {
		return dst, err
	}
	return append(dst, b...), nil
}

// Name returns the name of s, or "" when s is nil or has none.
func Name(s Serializer) string {
	if n, ok := s.(Named); ok {
		return n.Name()
	}
	return ""
}
