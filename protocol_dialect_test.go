package nano_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/vmihailenco/msgpack/v5"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/pipeline"
	"github.com/lonng/nano/serialize"
	jsons "github.com/lonng/nano/serialize/json"
	msgpacks "github.com/lonng/nano/serialize/msgpack"
	"github.com/lonng/nano/serialize/protobuf"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// protoBytes has handlers for bytes, which pass through every serializer.
type protoBytes struct{ component.Base }

// Echo answers with what came, and pushes it before under two routes.
func (*protoBytes) Echo(s *session.Session, b []byte) error {
	if err := errors.Join(s.Push("onCoded", b), s.Push("onText", b)); err != nil {
		return err
	}
	return s.Response(b)
}

// Same answers with what came.
func (*protoBytes) Same(s *session.Session, b []byte) error { return s.Response(b) }

// Nothing answers with nothing, and pushes it.
func (*protoBytes) Nothing(s *session.Session, _ []byte) error {
	return errors.Join(s.Push("onText", nil), s.Push("onText", []byte{}), s.Response(nil))
}

func (*protoBytes) Coded(*session.Session, []byte) error {
	return nano.Errorf("no-luck", "try %s", "again").With("b", "2").With("a", "1")
}

func (*protoBytes) Wrapped(*session.Session, []byte) error {
	return fmt.Errorf("outside: %w", nano.Errorf("no-luck", "inside"))
}

func (*protoBytes) Plain(*session.Session, []byte) error { return io.ErrUnexpectedEOF }

func (*protoBytes) Slow(*session.Session, []byte) error { return context.DeadlineExceeded }

func (*protoBytes) Canceled(*session.Session, []byte) error { return context.Canceled }

func (*protoBytes) Silent(*session.Session, []byte) error { return nano.Errorf("", "") }

func (*protoBytes) Panic(*session.Session, []byte) error { panic("a secret") }

// Decode needs a payload that decodes.
func (*protoBytes) Decode(context.Context, *protoName) (*protoName, error) { return nil, nil }

func bytesHost(t *testing.T, opts ...nano.Option) *protoHost {
	opts = append([]nano.Option{nano.WithDictionary(map[string]uint16{"b.Echo": 1, "onCoded": 0x0102, "nobody": 3})}, opts...)
	host := newProtoHost(t, opts...)
	host.Register(new(protoBytes), component.WithName("b"))
	return host
}

// protoSerializers are the serializers that come with nano, and how their error bodies are read.
var protoSerializers = map[string]struct {
	serializer serialize.Serializer
	decode     func([]byte) (protoError, error)
}{
	"json": {jsons.NewSerializer(), func(b []byte) (e protoError, err error) { return e, json.Unmarshal(b, &e) }},
	"protobuf": {protobuf.NewSerializer(), func(b []byte) (e protoError, err error) {
		e.Metadata = nil
		return e, decodeProtoError(b, &e)
	}},
	"msgpack": {msgpacks.NewSerializer(), func(b []byte) (e protoError, err error) { return e, msgpack.Unmarshal(b, &e) }},
	"custom": {struct{ serialize.Serializer }{jsons.NewSerializer()}, func(b []byte) (e protoError, err error) {
		return e, json.Unmarshal(b, &e) // one that has no errors of its own
	}},
}

type protoError struct {
	Code     string            `json:"code" msgpack:"code"`
	Msg      string            `json:"msg" msgpack:"msg"`
	Metadata map[string]string `json:"metadata" msgpack:"metadata"`
}

// decodeProtoError reads message Error { string code = 1; string msg = 2; map<string, string> metadata = 3; }.
func decodeProtoError(b []byte, e *protoError) error {
	return protoFields(b, func(n protowire.Number, v []byte) error {
		switch n {
		case 1:
			e.Code = string(v)
		case 2:
			e.Msg = string(v)
		case 3:
			var entry [3]string
			if err := protoFields(v, func(n protowire.Number, v []byte) error { entry[n] = string(v); return nil }); err != nil {
				return err
			}
			if e.Metadata == nil {
				e.Metadata = make(map[string]string)
			}
			e.Metadata[entry[1]] = entry[2]
		default:
			return fmt.Errorf("field %d", n)
		}
		return nil
	})
}

func protoFields(b []byte, field func(protowire.Number, []byte) error) error {
	for len(b) > 0 {
		n, typ, tag := protowire.ConsumeTag(b)
		if tag < 0 || typ != protowire.BytesType {
			return fmt.Errorf("no tag of bytes: %x", b)
		}
		v, size := protowire.ConsumeBytes(b[tag:])
		if size < 0 {
			return protowire.ParseError(size)
		}
		if err := field(n, v); err != nil {
			return err
		}
		b = b[tag+size:]
	}
	return nil
}

// Pushes carry route codes but for Pitaya's clients; everybody may send them; payloads are deflated for Pitaya's clients
// alone, above the threshold, when the server compresses at all.
func TestPushesByDialect(t *testing.T) {
	large, small := strings.Repeat("large ", 100), "small payload"
	filters := pipeline.New()
	filters.Outbound().PushBack(func(_ *session.Session, m *pipeline.Message) error {
		m.Data = append([]byte(nil), m.Data...)
		return nil
	})
	for name, opts := range map[string][]nano.Option{
		"plain":                nil,
		"compression":          {nano.WithCompression(len(small))},
		"filters, compression": {nano.WithPipeline(filters), nano.WithCompression(len(small))},
	} {
		t.Run(name, func(t *testing.T) {
			eachDialect(t, func(t *testing.T, handshake string) {
				c := bytesHost(t, opts...).shaken(handshake)
				pitaya := handshake == protoPitaya
				for _, text := range []string{small, large} {
					c.send(packMessage(wire.Head{Type: wire.Request, ID: 300, Code: 1}, text))
					for _, want := range []wire.MessageView{
						{Type: wire.Push, Code: 0x0102},
						{Type: wire.Push, Route: []byte("onText")},
						{Type: wire.Response, ID: 300},
					} {
						if pitaya && want.Code != 0 {
							want.Code, want.Route = 0, []byte("onCoded")
						}
						want.Deflated = pitaya && opts != nil && text == large
						got := c.message()
						payload := string(got.Payload)
						if got.Deflated {
							b, err := wire.Inflate(nil, got.Payload, 1<<20)
							if err != nil || len(b) <= len(payload) {
								t.Errorf("%d bytes are deflated to %d, %v", len(b), len(payload), err)
							}
							payload = string(b)
						}
						got.Payload = nil
						if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) || payload != text {
							t.Errorf("\n got %+v %.20q\nwant %+v %.20q", got, payload, want, text)
						}
					}
				}
			})
		})
	}
}

// What does not get smaller stays as it is.
func TestIncompressiblePayload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := bytesHost(t, nano.WithCompression(1)).shaken(protoPitaya)
		c.send(packRequest(1, "b.Echo", "\x8f\x3e\x01"))
		c.message()
		c.message()
		if m := c.message(); m.Deflated || string(m.Payload) != "\x8f\x3e\x01" {
			t.Errorf("%+v", m)
		}
	})
}

// Deflated payloads are taken from every dialect, whether the server compresses or not, up to the inbound limit.
func TestDeflatedRequests(t *testing.T) {
	const limit = 10000
	deflated := func(id uint64, n int) []byte {
		return packMessage(wire.Head{Type: wire.Request, ID: id, Code: 1, Deflated: true}, string(wire.Deflate(nil, make([]byte, n))))
	}
	eachDialect(t, func(t *testing.T, handshake string) {
		c := bytesHost(t, nano.WithMaxPacketSize(limit)).shaken(handshake)
		for _, n := range []int{0, 1, limit - 1, limit} {
			c.send(deflated(1, n))
			c.message()
			c.message()
			want := string(make([]byte, n))
			if n == 0 && handshake != protoLevel1 {
				want = "null"
			}
			if m := c.message(); string(m.Payload) != want || m.Deflated {
				t.Errorf("%d bytes: %d came back, deflated %v", n, len(m.Payload), m.Deflated)
			}
		}
		c.send(deflated(2, limit+1))
		c.wantEnd(wire.KickProtocol)
	})
}

// An empty payload is null in a JSON session, but for our own clients; elsewhere it is empty.
func TestEmptyPayloads(t *testing.T) {
	for name, s := range protoSerializers {
		for _, opts := range [][]nano.Option{{}, {nano.WithCompression(1)}} {
			t.Run(name, func(t *testing.T) {
				eachDialect(t, func(t *testing.T, handshake string) {
					host := bytesHost(t, append(opts, nano.WithSerializer(s.serializer))...)
					c := host.shaken(handshake)
					c.send(packRequest(5, "b.Nothing", ""))
					synctest.Wait()
					if err := host.Broadcast("onText", nil); err != nil {
						t.Error(err)
					}
					want := ""
					if name == "json" && handshake != protoLevel1 {
						want = "null"
					}
					for _, typ := range []wire.Type{wire.Push, wire.Push, wire.Response, wire.Push} {
						if m := c.message(); m.Type != typ || string(m.Payload) != want || m.IsError || m.Deflated {
							t.Errorf("%+v", m)
						}
					}
				})
			})
		}
	}
}

// Each way to fail reaches the client with its code, in the serializer's form, and a notify's nobody.
func TestErrorBodies(t *testing.T) {
	for _, test := range []struct {
		route, payload string
		want           protoError
	}{
		{"nobody", "", protoError{wire.CodeNotFound, "no such route", map[string]string{"route": "nobody"}}},
		{"b.Decode", "\xff{", protoError{wire.CodeBadRequest, "*", nil}},
		{"b.Coded", "x", protoError{"no-luck", "try again", map[string]string{"a": "1", "b": "2"}}},
		{"b.Wrapped", "x", protoError{"no-luck", "inside", nil}},
		{"b.Plain", "x", protoError{wire.CodeInternal, "unexpected EOF", nil}},
		{"b.Slow", "x", protoError{wire.CodeTimeout, "*", nil}},
		{"b.Canceled", "x", protoError{wire.CodeCanceled, "*", nil}},
		{"b.Silent", "x", protoError{wire.CodeInternal, "", nil}},
		{"b.Panic", "x", protoError{wire.CodeInternal, "internal error", nil}},
	} {
		for name, s := range protoSerializers {
			t.Run(test.route+", "+name, func(t *testing.T) {
				eachDialect(t, func(t *testing.T, handshake string) {
					c := bytesHost(t, nano.WithSerializer(s.serializer)).shaken(handshake)
					c.send(packNotify(test.route, test.payload), packRequest(77, test.route, test.payload))
					m := c.message()
					if m.Type != wire.Response || m.ID != 77 || !m.IsError || m.Deflated || m.Code != 0 || len(m.Payload) == 0 {
						t.Fatalf("%+v", m)
					}
					e, err := s.decode(m.Payload)
					want := test.want
					if want.Msg == "*" && e.Msg != "" {
						want.Msg = e.Msg
					}
					if err != nil || fmt.Sprintf("%+v", e) != fmt.Sprintf("%+v", want) || strings.Contains(string(m.Payload), "secret") {
						t.Errorf("%v: %q is %+v, want %+v", err, m.Payload, e, want)
					}
					c.quiet()
				})
			})
		}
	}
}

// nano's old silence.
func TestSilentErrors(t *testing.T) {
	eachDialect(t, func(t *testing.T, handshake string) {
		c := bytesHost(t, nano.WithSilentErrors()).shaken(handshake)
		for i, route := range []string{"nobody", "b.Decode", "b.Coded", "b.Plain", "b.Panic"} {
			c.send(packRequest(uint64(i+1), route, "\xff"))
		}
		c.quiet()
		c.send(packRequest(9, "b.Nothing", ""))
		c.message()
		c.message()
		if m := c.message(); m.ID != 9 || m.IsError {
			t.Errorf("%+v", m)
		}
	})
}

// Codes that the dictionary does not have, or that no handler has, are routes that do not exist. A request with the id 0 is a
// notify; reserved bits are ignored.
func TestOddMessages(t *testing.T) {
	eachDialect(t, func(t *testing.T, handshake string) {
		c := bytesHost(t).shaken(handshake)
		for _, code := range []uint16{3, 4, 65535} {
			c.send(packMessage(wire.Head{Type: wire.Request, ID: 1, Code: code}, "x"))
			if m := c.message(); !m.IsError || !strings.Contains(string(m.Payload), wire.CodeNotFound) {
				t.Errorf("code %d: %+v", code, m)
			}
		}
		for _, route := range []string{"", "b.", "B.SAME", strings.Repeat("r", 255), "\xff\x00"} {
			c.send(packRequest(1, route, "x"))
			if m := c.message(); !m.IsError || !strings.Contains(string(m.Payload), wire.CodeNotFound) {
				t.Errorf("route %q: %+v", route, m)
			}
		}
		c.send(packMessage(wire.Head{Type: wire.Request, ID: 0, Route: "b.Coded"}, "x"), packRequest(0, "nobody", ""))
		c.quiet()
		c.send(pack(wire.PacketData, "\xc1\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x01x"))
		c.message()
		c.message()
		if m := c.message(); m.ID != 1<<64-1 || string(m.Payload) != "x" {
			t.Errorf("%+v", m)
		}
	})
}

// What the wire cannot carry is an error to the caller, and costs nobody the connection.
func TestOutboundLimits(t *testing.T) {
	eachDialect(t, func(t *testing.T, handshake string) {
		host := bytesHost(t)
		results := make(chan error, 4)
		nano.Handle(host.Server.Server, "much", func(ctx context.Context, _ *protoName) (*int, error) {
			s := session.FromContext(ctx)
			results <- s.Push("onText", make([]byte, wire.MaxBody))
			results <- s.Push(strings.Repeat("r", 256), 1)
			results <- host.Broadcast("onText", make([]byte, wire.MaxBody))
			err := s.Response(make([]byte, wire.MaxBody))
			results <- err
			return nil, err
		})
		c := host.shaken(handshake)
		c.send(packRequest(3, "much", ""))
		if m := c.message(); m.ID != 3 || !m.IsError {
			t.Errorf("%+v", m)
		}
		for i, want := range []error{wire.ErrTooLarge, wire.ErrRoute, wire.ErrTooLarge, wire.ErrTooLarge} {
			if err := <-results; !errors.Is(err, want) {
				t.Errorf("%d: %v, want %v", i, err, want)
			}
		}
		if c.quiet(); !c.isOpen() {
			t.Error("the connection has ended")
		}
	})
}
