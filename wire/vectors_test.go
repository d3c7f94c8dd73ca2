package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// vector is one entry of vectors.json: a whole packet and what is in it.
type vector struct {
	Name     string
	Hex      hexBytes
	Invalid  string
	Packet   string
	Type     string
	ID       uint64
	Code     uint16
	Route    string
	Payload  hexBytes
	ErrorBit bool `json:"error_bit"`
	Deflated bool
}

type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

func loadVectors(t testing.TB) (valid, invalid []vector) {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Valid, Invalid []vector }
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if len(all.Valid) == 0 || len(all.Invalid) == 0 {
		t.Fatal("vectors.json is empty")
	}
	return all.Valid, all.Invalid
}

func TestVectorsParse(t *testing.T) {
	valid, _ := loadVectors(t)
	for _, v := range valid {
		t.Run(v.Name, func(t *testing.T) {
			p, rest, err := ParsePacket(v.Hex, 0)
			if err != nil || len(rest) != 0 {
				t.Fatalf("ParsePacket: rest %x, error %v", rest, err)
			}
			if p.Type.String() != v.Packet {
				t.Errorf("packet is %v, want %s", p.Type, v.Packet)
			}
			if p.Type == PacketData {
				checkMessage(t, v, p.Body)
			}
		})
	}
}

func checkMessage(t *testing.T, v vector, body []byte) {
	m, err := ParseMessage(body)
	if err != nil {
		t.Fatalf("ParseMessage: %v", err)
	}
	if m.Deflated {
		if m.Payload, err = Inflate(nil, m.Payload, 0); err != nil {
			t.Fatalf("Inflate: %v", err)
		}
	}
	if m.Type.String() != v.Type || m.ID != v.ID || m.Code != v.Code || string(m.Route) != v.Route ||
		m.IsError != v.ErrorBit || m.Deflated != v.Deflated || !bytes.Equal(m.Payload, v.Payload) {
		t.Errorf("message is %+v, want %+v", m, v)
	}
}

func TestVectorsAppend(t *testing.T) {
	valid, _ := loadVectors(t)
	for _, v := range valid {
		t.Run(v.Name, func(t *testing.T) {
			types := []string{"handshake", "ack", "heartbeat", "data", "kick"}
			pt := PacketType(1 + slices.Index(types, v.Packet))
			body := v.Hex[HeaderLen:]
			if pt == PacketData {
				body = appendVector(t, v)
			}
			got, err := AppendPacket([]byte("before"), pt, body)
			if err != nil {
				t.Fatal(err)
			}
			if want := append([]byte("before"), v.Hex...); !bytes.Equal(got, want) {
				t.Errorf("got  %x\nwant %x", got, want)
			}
		})
	}
}

// appendVector writes the vector's message. How well a payload deflates is the library's affair,
// so that a deflated one is taken from the vector and not made anew.
func appendVector(t *testing.T, v vector) []byte {
	types := []string{"request", "notify", "response", "push"}
	h := Head{
		Type:     Type(slices.Index(types, v.Type)),
		IsError:  v.ErrorBit,
		Deflated: v.Deflated,
		ID:       v.ID,
		Code:     v.Code,
		Route:    v.Route,
	}
	payload := []byte(v.Payload)
	if v.Deflated {
		m, err := ParseMessage(v.Hex[HeaderLen:])
		if err != nil {
			t.Fatal(err)
		}
		payload = m.Payload
	}
	body, err := AppendMessage(nil, h, payload)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestVectorsInvalid(t *testing.T) {
	reasons := map[string]ProtocolError{
		"packet type":  ErrPacketType,
		"no flag":      ErrNoFlag,
		"no id":        ErrNoID,
		"no route":     ErrNoRoute,
		"varint":       ErrVarint,
		"route":        ErrRoute,
		"message type": ErrMessageType,
		"deflate":      ErrDeflate,
	}
	_, invalid := loadVectors(t)
	for _, v := range invalid {
		t.Run(v.Name, func(t *testing.T) {
			if want := reasons[v.Invalid]; want == "" {
				t.Fatalf("no error for %q", v.Invalid)
			} else if err := parseAll(v.Hex); err != want {
				t.Errorf("error %v, want %v", err, want)
			}
		})
	}
}

// parseAll takes one packet apart as far as it goes.
func parseAll(b []byte) error {
	p, _, err := ParsePacket(b, 0)
	if err != nil || p.Type != PacketData {
		return err
	}
	m, err := ParseMessage(p.Body)
	if err != nil || !m.Deflated {
		return err
	}
	_, err = Inflate(nil, m.Payload, 0)
	return err
}

// A packet that has not come whole is never a fault and never a packet.
func TestVectorsCutShort(t *testing.T) {
	valid, _ := loadVectors(t)
	for _, v := range valid {
		for n := range v.Hex {
			if p, rest, err := ParsePacket(v.Hex[:n], 0); err != ErrShort || len(rest) != n || p.Body != nil {
				t.Errorf("%s: %d bytes: packet %v, rest %x, error %v", v.Name, n, p, rest, err)
			}
		}
	}
}

// The count in a level 1 heartbeat is what encoding/binary reads and writes.
func TestVectorHeartbeatCount(t *testing.T) {
	p, _, err := ParsePacket([]byte{3, 0, 0, 2, 0xac, 0x02}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if count, n := binary.Uvarint(p.Body); count != 300 || n != len(p.Body) {
		t.Errorf("count %d in %d bytes, want 300 in 2", count, n)
	}
}
