package protobuf_test

import (
	"maps"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/lonng/nano/serialize/protobuf"
)

// errorType is the message Error as clients have it.
func errorType(t testing.TB) protoreflect.MessageDescriptor {
	t.Helper()
	text := func(name string, number int32) *descriptorpb.FieldDescriptorProto {
		return &descriptorpb.FieldDescriptorProto{
			Name: proto.String(name), Number: proto.Int32(number),
			Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
			Type:  descriptorpb.FieldDescriptorProto_TYPE_STRING.Enum(),
		}
	}
	metadata := text("metadata", 3)
	metadata.Label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
	metadata.Type = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum()
	metadata.TypeName = proto.String(".Error.MetadataEntry")
	entry := &descriptorpb.DescriptorProto{
		Name:    proto.String("MetadataEntry"),
		Field:   []*descriptorpb.FieldDescriptorProto{text("key", 1), text("value", 2)},
		Options: &descriptorpb.MessageOptions{MapEntry: proto.Bool(true)},
	}
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("error.proto"), Syntax: proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{{
			Name:       proto.String("Error"),
			Field:      []*descriptorpb.FieldDescriptorProto{text("code", 1), text("msg", 2), metadata},
			NestedType: []*descriptorpb.DescriptorProto{entry},
		}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return file.Messages().ByName("Error")
}

// decodeError decodes a body as a client does.
func decodeError(t *testing.T, typ protoreflect.MessageDescriptor, body []byte) (code, msg string, metadata map[string]string) {
	t.Helper()
	m := dynamicpb.NewMessage(typ)
	if err := proto.Unmarshal(body, m); err != nil {
		t.Fatalf("%q: %v", body, err)
	}
	if len(m.GetUnknown()) > 0 {
		t.Fatalf("%q: unknown fields %q", body, m.GetUnknown())
	}
	fields := typ.Fields()
	metadata = map[string]string{}
	m.Get(fields.ByName("metadata")).Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
		metadata[k.String()] = v.String()
		return true
	})
	return m.Get(fields.ByName("code")).String(), m.Get(fields.ByName("msg")).String(), metadata
}

func TestAppendError(t *testing.T) {
	s, typ := protobuf.NewSerializer(), errorType(t)
	for _, test := range []struct {
		code, msg string
		metadata  map[string]string
	}{
		{"not-found", "no such route", map[string]string{"route": "room.jion"}},
		{"internal", "", nil},
		{"", "", nil},
		{"a", strings.Repeat("long ", 1000), map[string]string{"": "", "b": strings.Repeat("x", 300), "a": "1"}},
	} {
		body, err := s.AppendError([]byte("head"), test.code, test.msg, test.metadata)
		if err != nil || !strings.HasPrefix(string(body), "head") || len(body) == len("head") {
			t.Fatalf("AppendError = %q, %v", body, err)
		}
		code, msg, metadata := decodeError(t, typ, body[len("head"):])
		if code != test.code || msg != test.msg || !maps.Equal(metadata, test.metadata) {
			t.Errorf("%q, %q, %q became %q, %q, %q", test.code, test.msg, test.metadata, code, msg, metadata)
		}
	}
}

func TestAppendErrorBytes(t *testing.T) {
	const want = "\x0a\x01c\x12\x01m\x1a\x06\x0a\x01a\x12\x011\x1a\x06\x0a\x01b\x12\x012"
	metadata := map[string]string{"b": "2", "a": "1"}
	for range 20 { // sorted: the order of a map changes
		if got, _ := protobuf.NewSerializer().AppendError(nil, "c", "m", metadata); string(got) != want {
			t.Fatalf("AppendError = %q, want %q", got, want)
		}
	}
}

func FuzzAppendError(f *testing.F) {
	f.Add("not-found", "no such route", "route", "room.jion")
	f.Add("", "", "", "")
	f.Add("\xff", "\xc3(", "a\xfeb", "\x00")
	s, typ := protobuf.NewSerializer(), errorType(f)
	f.Fuzz(func(t *testing.T, code, msg, key, value string) {
		body, err := s.AppendError(nil, code, msg, map[string]string{key: value})
		if err != nil || len(body) == 0 {
			t.Fatalf("AppendError = %q, %v", body, err)
		}
		gotCode, gotMsg, metadata := decodeError(t, typ, body)
		if gotCode != clean(code) || gotMsg != clean(msg) || metadata[clean(key)] != clean(value) || len(metadata) != 1 {
			t.Errorf("%q, %q, %q: %q became %q, %q, %q", code, msg, key, value, gotCode, gotMsg, metadata)
		}
	})
}

func clean(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
