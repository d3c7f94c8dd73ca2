package game

import (
	"encoding/json"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func TestPayload(t *testing.T) {
	for _, size := range []int{64, 129, 130, 1 << 10, 16 << 10, 1 << 20} {
		if n := len(Payload(Raw, size)); n != size {
			t.Errorf("raw: %d bytes, want %d", n, size)
		}
		b := Payload(JSON, size)
		var m Message
		if err := json.Unmarshal(b, &m); err != nil || len(b) != size {
			t.Errorf("json: %d bytes, want %d; %v", len(b), size, err)
		}
		b = Payload(Protobuf, size)
		var v wrapperspb.BytesValue
		if err := proto.Unmarshal(b, &v); err != nil || len(b) > size || len(b) < size-1 {
			t.Errorf("protobuf: %d bytes, want %d; %v", len(b), size, err)
		}
	}
}

func TestFields(t *testing.T) {
	b := AppendBurst(nil, 300, 40, 64)
	if Room(b) != 300 || Count(b) != 40 || len(b) != 64 {
		t.Errorf("burst: room %d, count %d, %d bytes", Room(b), Count(b), len(b))
	}
	if b := AppendRoom(nil, 7); Room(b) != 7 || Count(b) != 0 {
		t.Errorf("room: %d, count %d", Room(b), Count(b))
	}
	if Room(nil) != 0 || StampOf([]byte{1}) != 0 {
		t.Error("a short payload has fields")
	}
}

func TestState(t *testing.T) {
	var s State
	now := time.Unix(12, 34)
	s.Set(RoomSize+1, []byte("abc"))
	b := s.Stamp(now)
	if StampOf(b) != now.UnixNano() || string(b[8+InputSize:8+InputSize+3]) != "abc" {
		t.Errorf("stamp %d, state %q", StampOf(b), b)
	}
}
