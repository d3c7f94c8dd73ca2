package protobuf_test

import (
	"errors"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/lonng/nano/serialize"
	"github.com/lonng/nano/serialize/protobuf"
)

var (
	_ serialize.Serializer     = (*protobuf.Serializer)(nil)
	_ serialize.Appender       = (*protobuf.Serializer)(nil)
	_ serialize.Named          = (*protobuf.Serializer)(nil)
	_ serialize.ErrorMarshaler = (*protobuf.Serializer)(nil)
)

// legacy is a message as generators wrote it before google.golang.org/protobuf.
type legacy struct {
	ID   int64  `protobuf:"varint,1,opt,name=id,proto3"`
	Name string `protobuf:"bytes,2,opt,name=name,proto3"`
}

func (m *legacy) Reset()         { *m = legacy{} }
func (m *legacy) String() string { return m.Name }
func (*legacy) ProtoMessage()    {}

func object(t testing.TB) *structpb.Struct {
	t.Helper()
	s, err := structpb.NewStruct(map[string]any{"name": "ann", "items": []any{"key", 1.5, nil, true}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRoundTrip(t *testing.T) {
	s := protobuf.NewSerializer()
	for _, m := range []proto.Message{
		wrapperspb.String("ann"), wrapperspb.Int64(-7), wrapperspb.Bytes([]byte{0, 1}), object(t), wrapperspb.Bool(false),
	} {
		for _, room := range []int{0, 256} {
			dst := append(make([]byte, 0, 5+room), "head "...)
			out, err := s.AppendMarshal(dst, m)
			if err != nil || !strings.HasPrefix(string(out), "head ") {
				t.Fatalf("AppendMarshal(%T) = %q, %v", m, out, err)
			}
			data := out[5:]
			got := m.ProtoReflect().New().Interface()
			if err := s.Unmarshal(data, got); err != nil {
				t.Fatal(err)
			}
			clear(data)
			if !proto.Equal(got, m) {
				t.Errorf("%v became %v", m, got)
			}
		}
	}
}

func TestLegacyMessage(t *testing.T) {
	s := protobuf.NewSerializer()
	b, err := s.Marshal(&legacy{ID: 7, Name: "ann"})
	if err != nil || string(b) != smallBytes {
		t.Fatalf("Marshal = %q, %v; want %q", b, err, smallBytes)
	}
	got := legacy{Name: "old"}
	if err := s.Unmarshal([]byte("\x08\x07"), &got); err != nil || got != (legacy{ID: 7}) {
		t.Errorf("Unmarshal = %+v, %v", got, err)
	}
}

func TestEmptyMessage(t *testing.T) {
	s := protobuf.NewSerializer()
	for _, m := range []any{new(wrapperspb.StringValue), (*wrapperspb.StringValue)(nil), new(legacy), (*legacy)(nil)} {
		if b, err := s.Marshal(m); b == nil || len(b) != 0 || err != nil {
			t.Errorf("Marshal(%T) = %#v, %v; want an empty slice", m, b, err)
		}
	}
	m := wrapperspb.String("old")
	if err := s.Unmarshal(nil, m); err != nil || m.Value != "" {
		t.Errorf("Unmarshal of nothing = %q, %v; want a cleared message", m.Value, err)
	}
}

func TestWrongType(t *testing.T) {
	s := protobuf.NewSerializer()
	for _, test := range []struct {
		v    any
		name string
	}{
		{nil, "nil"}, {7, "int"}, {"text", "string"}, {struct{ X int }{}, "struct { X int }"}, {legacy{}, "protobuf_test.legacy"},
		{new(int), "*int"},
	} {
		_, err := s.Marshal(test.v)
		wantWrongType(t, err, test.name)
		out, err := s.AppendMarshal([]byte("head"), test.v)
		wantWrongType(t, err, test.name)
		if string(out) != "head" {
			t.Errorf("AppendMarshal(%T) left %q", test.v, out)
		}
		wantWrongType(t, s.Unmarshal([]byte{}, test.v), test.name)
	}
	wantWrongType(t, s.Unmarshal([]byte{}, (*wrapperspb.StringValue)(nil)), "*wrapperspb.StringValue")
	wantWrongType(t, s.Unmarshal([]byte{}, (*legacy)(nil)), "*protobuf_test.legacy")
}

func wantWrongType(t *testing.T, err error, name string) {
	t.Helper()
	if !errors.Is(err, protobuf.ErrWrongValueType) || !strings.Contains(err.Error(), name) {
		t.Errorf("error %v, want %v that names %s", err, protobuf.ErrWrongValueType, name)
	}
}

func TestBadMessages(t *testing.T) {
	s := protobuf.NewSerializer()
	bad := wrapperspb.String("not utf-8: \xff")
	dst := append(make([]byte, 0, 64), "head"...)
	if out, err := s.AppendMarshal(dst, bad); err == nil || string(out) != "head" {
		t.Errorf("AppendMarshal = %q, %v; want the head and an error", out, err)
	}
	for _, data := range []string{"\x0a", "\x0a\x05ann", "\x0a\x01\xff", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x0f"} {
		if err := s.Unmarshal([]byte(data), new(wrapperspb.StringValue)); err == nil {
			t.Errorf("Unmarshal(%q) did not fail", data)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	s := protobuf.NewSerializer()
	shared := object(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				b, err := s.Marshal(shared)
				if err != nil {
					t.Error(err)
					return
				}
				got := new(structpb.Struct)
				if err := s.Unmarshal(b, got); err != nil || !proto.Equal(got, shared) {
					t.Errorf("got %v, %v", got, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestAllocations(t *testing.T) {
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("allocations are not counted under the race detector")
	}
	s := protobuf.NewSerializer()
	dst := make([]byte, 0, 4096)
	list, err := structpb.NewList([]any{"key", 1.5, nil, true})
	if err != nil {
		t.Fatal(err)
	}
	data, target := []byte(smallBytes), new(wrapperspb.Int64Value)
	for name, test := range map[string]struct {
		f    func()
		want float64
	}{
		"message":     {func() { _, _ = s.AppendMarshal(dst, list) }, 0},
		"sized VT":    {func() { _, _ = s.AppendMarshal(dst, benchVT) }, 0},
		"MarshalVT":   {func() { _, _ = s.AppendMarshal(dst, &benchVT.small) }, 1}, // the type's own
		"Unmarshal":   {func() { _ = s.Unmarshal(data[:2], target) }, 0},
		"UnmarshalVT": {func() { _ = s.Unmarshal(data[:2], benchVTTarget) }, 0},
		"error":       {func() { _, _ = s.AppendError(dst, "not-found", "no such route", nil) }, 0},
	} {
		if got := testing.AllocsPerRun(200, test.f); got > test.want {
			t.Errorf("%s: %v allocations, want %v", name, got, test.want)
		}
	}
}

var (
	benchVT       = &sized{small: small{ID: 7, Name: "ann"}}
	benchVTTarget = new(sized)
)
