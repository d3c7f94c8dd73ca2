package wire

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// decoded is JSON with its numbers as they are written.
func decoded(t *testing.T, b []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil || d.More() {
		t.Fatalf("%q is no JSON: %v", b, err)
	}
	return v
}

func wantJSON(t *testing.T, got []byte, want string) {
	t.Helper()
	if !reflect.DeepEqual(decoded(t, got), decoded(t, []byte(want))) {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func testDictionary(t *testing.T) *Dictionary {
	t.Helper()
	d, err := NewDictionary(map[string]uint16{"room.join": 1, "onMessage": 65535})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestHandshakeReply(t *testing.T) {
	dict := testDictionary(t)
	at := time.Unix(1700000000, 999_999_999)
	version := dictVersion(dict)
	for name, test := range map[string]struct {
		reply HandshakeReply
		want  string
	}{
		"nano": {
			HandshakeReply{Dialect: DialectNano, Heartbeat: 30 * time.Second, Time: at, Serializer: "json"},
			`{"code":200,"sys":{"heartbeat":30,"servertime":1700000000}}`,
		},
		"nano, dictionary and user": {
			HandshakeReply{Dialect: DialectNano, Heartbeat: 1500 * time.Millisecond, Time: at, Dictionary: dict, User: map[string]int{"a": 1}},
			`{"code":200,"sys":{"heartbeat":1.5,"servertime":1700000000,"dict":{"room.join":1,"onMessage":65535}},"user":{"a":1}}`,
		},
		"nano, heartbeats off": {
			HandshakeReply{Dialect: DialectNano, Heartbeat: -1, Time: at},
			`{"code":200,"sys":{"heartbeat":0,"servertime":1700000000}}`,
		},
		"Pomelo native": {
			HandshakeReply{Dialect: DialectNano, Heartbeat: time.Second, Time: at, Dictionary: dict, Dict: true},
			`{"code":200,"sys":{"heartbeat":1,"servertime":1700000000,"dict":{"room.join":1,"onMessage":65535},
			"useDict":true,"routeToCode":{"room.join":1,"onMessage":65535},
			"codeToRoute":{"1":"room.join","65535":"onMessage"},"dictVersion":"` + version + `"}}`,
		},
		"Pomelo native, no dictionary": {
			HandshakeReply{Dialect: DialectNano, Heartbeat: time.Second, Time: at, Dict: true},
			`{"code":200,"sys":{"heartbeat":1,"servertime":1700000000}}`,
		},
		"Pitaya": {
			HandshakeReply{Dialect: DialectPitaya, Heartbeat: 30 * time.Second, Time: at, Serializer: "protobuf"},
			`{"code":200,"sys":{"heartbeat":30,"dict":{},"serializer":"protobuf"}}`,
		},
		"Pitaya, dictionary, wants dictionaries": {
			HandshakeReply{Dialect: DialectPitaya, Heartbeat: 20 * time.Millisecond, Time: at, Dictionary: dict, Dict: true, Serializer: "json", User: "u"},
			`{"code":200,"sys":{"heartbeat":1,"dict":{"room.join":1,"onMessage":65535},"serializer":"json"},"user":"u"}`,
		},
		"Pitaya, heartbeats off": {
			HandshakeReply{Dialect: DialectPitaya, Time: at, Serializer: "json"},
			`{"code":200,"sys":{"heartbeat":1048576,"dict":{},"serializer":"json"}}`,
		},
		"level 1": {
			HandshakeReply{Dialect: DialectLevel1, Heartbeat: 250 * time.Millisecond, Time: at, Serializer: "msgpack"},
			`{"code":200,"sys":{"heartbeat":0.25,"servertime":1700000000,"serializer":"msgpack"}}`,
		},
		"level 1, dictionary, wants dictionaries": {
			HandshakeReply{Dialect: DialectLevel1, Time: at, Dictionary: dict, Dict: true, Serializer: "json", User: []int{}},
			`{"code":200,"sys":{"heartbeat":0,"servertime":1700000000,"serializer":"json","dict":{"room.join":1,"onMessage":65535}},"user":[]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := AppendHandshakeReply([]byte("before"), test.reply)
			if err != nil || !bytes.HasPrefix(got, []byte("before")) {
				t.Fatalf("%q, %v", got, err)
			}
			wantJSON(t, got[len("before"):], test.want)
		})
	}
}

func TestHandshakeReplyUserDoesNotEncode(t *testing.T) {
	dst := []byte("before")
	got, err := AppendHandshakeReply(dst, HandshakeReply{User: func() {}})
	if err == nil || string(got) != "before" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestDictVersion(t *testing.T) {
	seen := make(map[string]map[string]uint16)
	for _, routes := range []map[string]uint16{
		{"a": 1},
		{"a": 2},
		{"a": 256},
		{"b": 1},
		{"ab": 1},
		{"a": 1, "b": 2},
		{"a": 2, "b": 1},
		{"a\x00": 1},
	} {
		d, err := NewDictionary(routes)
		if err != nil {
			t.Fatal(err)
		}
		v := dictVersion(d)
		if other := seen[v]; other != nil {
			t.Errorf("%v and %v have the version %s", routes, other, v)
		}
		seen[v] = routes
		if again, _ := NewDictionary(maps.Clone(routes)); dictVersion(again) != v {
			t.Errorf("%v has two versions", routes)
		}
	}
}

func TestToldHeartbeat(t *testing.T) {
	for _, test := range []struct {
		interval, nano, pitaya time.Duration
	}{
		{30 * time.Second, 30 * time.Second, 30 * time.Second},
		{time.Second, time.Second, time.Second},
		{1500 * time.Millisecond, 1500 * time.Millisecond, 2 * time.Second},
		{1001 * time.Millisecond, 1001 * time.Millisecond, 2 * time.Second},
		{20 * time.Millisecond, 20 * time.Millisecond, time.Second},
		{time.Nanosecond, time.Nanosecond, time.Second},
		{0, 0, LongestHeartbeat},
		{-1, 0, LongestHeartbeat},
		{-time.Hour, 0, LongestHeartbeat},
	} {
		for d, want := range map[Dialect]time.Duration{
			DialectNano: test.nano, DialectLevel1: test.nano, DialectPitaya: test.pitaya,
		} {
			if got := ToldHeartbeat(d, test.interval); got != want {
				t.Errorf("%v clients are told %v for %v, want %v", d, got, test.interval, want)
			}
		}
	}
}

// Pitaya's C client doubles the interval and counts it in milliseconds of an int.
func TestLongestHeartbeatFits(t *testing.T) {
	if ms := 2 * LongestHeartbeat.Milliseconds(); ms > 1<<31-1 {
		t.Errorf("two of the longest intervals are %d ms", ms)
	}
}

func TestHandshakeRefusal(t *testing.T) {
	got := AppendHandshakeRefusal([]byte("before"), HandshakeTooOld, `say "please" <b>é`)
	if !bytes.HasPrefix(got, []byte("before")) {
		t.Fatalf("%q", got)
	}
	wantJSON(t, got[len("before"):], `{"code":501,"msg":"say \"please\" <b>é"}`)
}

func TestAppendKick(t *testing.T) {
	got := AppendKick([]byte("before"), KickShutdown, `the server "is" shutting down`)
	p, rest, err := ParsePacket(got[len("before"):], 0)
	if err != nil || len(rest) != 0 || p.Type != PacketKick {
		t.Fatalf("%q, %v", got, err)
	}
	wantJSON(t, p.Body, `{"code":"shutdown","reason":"the server \"is\" shutting down"}`)
}

func TestAppendKickCuts(t *testing.T) {
	for _, char := range []string{"a", "é", "語", "𝄞"} {
		for shift := range len(char) {
			text := strings.Repeat("a", shift) + strings.Repeat(char, 2000)
			k := kickBody(t, AppendKick(nil, text, text))
			for _, c := range []struct {
				got   string
				limit int
			}{{k.Code, 256}, {k.Reason, 1 << 10}} {
				if !strings.HasPrefix(text, c.got) || !utf8.ValidString(c.got) {
					t.Errorf("%s: cut to …%q", char, c.got[max(0, len(c.got)-8):])
				}
				if n := len(c.got); n > c.limit || n <= c.limit-len(char) {
					t.Errorf("%s: cut to %d bytes of %d", char, n, c.limit)
				}
			}
		}
	}
	whole := strings.Repeat("é", 512)
	if k := kickBody(t, AppendKick(nil, "c", whole)); k.Reason != whole {
		t.Errorf("a reason of 1 KiB was cut to %d bytes", len(k.Reason))
	}
	if k := kickBody(t, AppendKick(nil, "c", strings.Repeat("\x80", 2000))); len(k.Reason) < 1000 {
		t.Errorf("a reason that is no UTF-8 was cut to %d bytes", len(k.Reason))
	}
}

func kickBody(t *testing.T, packet []byte) (k KickBody) {
	t.Helper()
	p, _, err := ParsePacket(packet, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(p.Body, &k); err != nil {
		t.Fatal(err)
	}
	return k
}
