// Package protobuf is the Protocol Buffers serializer.
//
//	nano.Listen(":3250", nano.WithSerializer(protobuf.NewSerializer()))
//
// Handlers then take and answer with generated messages. These kinds of types are known, the first
// that fits is used:
//
//   - what protoc-gen-go-vtproto generates, by its MarshalToSizedBufferVT and SizeVT, or MarshalVT,
//     and UnmarshalVT methods: no reflection;
//   - messages of google.golang.org/protobuf, generated or dynamic;
//   - messages of the older github.com/golang/protobuf and of gogo, which have the methods Reset,
//     String and ProtoMessage.
package protobuf

import (
	"errors"
	"fmt"
	"reflect"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
)

// ErrWrongValueType is wrapped by the error for a value that is no protobuf message. The text of
// that error names the type.
var ErrWrongValueType = errors.New("protobuf: not a protobuf message")

// Serializer encodes and decodes protobuf messages. It has no state: the zero value is ready to use
// and all methods may be called at the same time.
type Serializer struct{}

// NewSerializer returns a protobuf serializer.
func NewSerializer() *Serializer { return new(Serializer) }

// Name returns "protobuf".
func (s *Serializer) Name() string { return "protobuf" }

// Marshal returns the encoding of the message v in a slice that belongs to the caller. A message
// without content has an empty encoding, and so does a nil pointer to a message. Errors are
// [ErrWrongValueType] and those of the protobuf library.
func (s *Serializer) Marshal(v any) ([]byte, error) {
	b, err := s.AppendMarshal([]byte{}, v)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// AppendMarshal appends the encoding of the message v to dst. Once dst is large enough it allocates
// nothing of its own, except for a message of the older API (its wrapper) and for one that has only
// MarshalVT. On an error dst is returned with the length that it had. Errors are those of Marshal.
func (s *Serializer) AppendMarshal(dst []byte, v any) ([]byte, error) {
	switch m := v.(type) {
	case sizedVT:
		return appendSizedVT(dst, m)
	case marshalerVT:
		b, err := m.MarshalVT()
		if err != nil {
			return dst, err
		}
		return append(dst, b...), nil
	}
	m, err := message(v)
	if err != nil {
		return dst, err
	}
	out, err := proto.MarshalOptions{}.MarshalAppend(dst, m)
	if err != nil {
		return dst, err
	}
	return out, nil
}

// Unmarshal clears the message v, which must be a pointer that is not nil, and decodes data into
// it. Nothing of data is kept. Errors are [ErrWrongValueType] and those of the protobuf library.
func (s *Serializer) Unmarshal(data []byte, v any) error {
	if r := reflect.ValueOf(v); r.Kind() == reflect.Pointer && r.IsNil() {
		return fmt.Errorf("%w: nil %T", ErrWrongValueType, v)
	}
	if m, ok := v.(unmarshalerVT); ok {
		return unmarshalVT(data, m)
	}
	m, err := message(v)
	if err != nil {
		return err
	}
	return proto.Unmarshal(data, m)
}

// message returns v as a message of today's API.
func message(v any) (proto.Message, error) {
	switch m := v.(type) {
	case proto.Message:
		return m, nil
	case protoadapt.MessageV1:
		return protoadapt.MessageV2Of(m), nil
	}
	return nil, fmt.Errorf("%w: %T", ErrWrongValueType, v)
}
