package load

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/lonng/nano/bench/internal/game"
	"github.com/lonng/nano/wire"
)

// What the client writes is what the framework reads.
func TestNanoRequest(t *testing.T) {
	b := Nano{}.AppendRequest(nil, 300, game.Echo, []byte("payload"))
	b = Nano{}.AppendNotify(b, game.Notify, []byte("note"))
	p, rest, err := wire.ParsePacket(b, 1<<10)
	if err != nil || p.Type != wire.PacketData {
		t.Fatalf("packet %v, %v", p.Type, err)
	}
	m, err := wire.ParseMessage(p.Body)
	if err != nil || m.Type != wire.Request || m.ID != 300 || string(m.Route) != game.Echo || string(m.Payload) != "payload" {
		t.Errorf("request %+v, %v", m, err)
	}
	p, rest, err = wire.ParsePacket(rest, 1<<10)
	if err != nil || len(rest) != 0 {
		t.Fatalf("second packet: %v, %d bytes left", err, len(rest))
	}
	m, err = wire.ParseMessage(p.Body)
	if err != nil || m.Type != wire.Notify || string(m.Route) != game.Notify || string(m.Payload) != "note" {
		t.Errorf("notify %+v, %v", m, err)
	}
}

// What the framework writes is what the client reads.
func TestNanoNext(t *testing.T) {
	var b []byte
	for _, head := range []wire.Head{
		{Type: wire.Response, ID: 7},
		{Type: wire.Push, Route: game.Push},
		{Type: wire.Push, Code: 9},
	} {
		body, err := wire.AppendMessage(nil, head, []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		if b, err = wire.AppendPacket(b, wire.PacketData, body); err != nil {
			t.Fatal(err)
		}
	}
	b, _ = wire.AppendPacket(b, wire.PacketHeartbeat, nil)
	b, _ = wire.AppendPacket(b, wire.PacketHandshake, []byte("{}"))
	want := []string{"2 7 x", "3 0 x", "3 0 x", "0 0 ", "1 0 {}"}
	if got := scanAll(t, &conn{}, Nano{}, b, len(b)); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNanoEcho(t *testing.T) {
	b := Nano{}.AppendRequest(nil, 5, game.Echo, []byte("x"))
	b = Nano{}.AppendNotify(b, game.Notify, []byte("y"))
	want := []string{"2 5 ", "3 0 y"}
	if got := scanAll(t, &conn{}, Nano{}, b, len(b)); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNanoErrors(t *testing.T) {
	for name, test := range map[string]struct {
		body []byte
		want string
	}{
		"empty":        {nil, "malformed"},
		"no id":        {[]byte{2 << 1}, "malformed"},
		"open id":      {[]byte{2 << 1, 0x80}, "malformed"},
		"no route":     {[]byte{3 << 1}, "malformed"},
		"short route":  {[]byte{3 << 1, 9, 'x'}, "malformed"},
		"short code":   {[]byte{3<<1 | flagCode, 1}, "malformed"},
		"error answer": {[]byte{2<<1 | flagError, 1, '{', '}'}, "{}"},
	} {
		_, _, err := Nano{}.Next(appendPacket(nil, packetData, test.body))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	if _, _, err := (Nano{}).Next(appendPacket(nil, packetKick, []byte("why"))); err == nil || !strings.Contains(err.Error(), "why") {
		t.Errorf("kick: %v", err)
	}
}

func TestCentrifugeNext(t *testing.T) {
	reply := func(id uint64, field protowire.Number, body []byte) []byte {
		return appendCommand(nil, id, field, body)
	}
	data := func(field protowire.Number, s string) []byte { return appendField(nil, field, []byte(s)) }
	b := bytes.Join([][]byte{
		reply(1, cfConnected, data(1, "client id")),
		reply(2, cfRPC, data(cfData, "answer")),
		reply(0, cfPush, append(data(2, "room0"), appendField(nil, cfPub, data(cfPubData, "news"))...)),
		{0}, // a ping
	}, nil)
	want := []string{"1 1 ", "2 2 answer", "3 0 news", "0 0 "}
	if got := scanAll(t, &conn{}, Centrifuge{}, b, len(b)); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for name, b := range map[string][]byte{
		"refused":      reply(3, cfError, data(2, "no such method")),
		"disconnected": reply(0, cfPush, data(cfDisconnect, "bye")),
		"malformed":    {2, 0xff, 0xff},
	} {
		if _, _, err := (Centrifuge{}).Next(b); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A stream is read the same wherever it is cut, plain and in WebSocket frames of every header length.
func TestScanCuts(t *testing.T) {
	var plain, framed []byte
	var want []string
	for i, size := range []int{0, 1, 200, 70_000} {
		payload := bytes.Repeat([]byte{'x'}, size)
		packet := appendPacket(nil, packetData, append([]byte{2 << 1, byte(i)}, payload...))
		plain = append(plain, packet...)
		framed = append(framed, serverFrame(opBinary, append(packet, packet...))...)
		framed = append(framed, serverFrame(0x9, []byte("ping"))...)
		want = append(want, fmt.Sprintf("2 %d %s", i, payload))
	}
	var twice []string
	for _, s := range want {
		twice = append(twice, s, s)
	}
	for _, step := range []int{1, 2, 3, 5, 1000, len(framed)} {
		if got := scanAll(t, &conn{}, Nano{}, plain, step); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("plain, %d bytes at a time: wrong messages", step)
		}
		if got := scanAll(t, &conn{ws: true}, Nano{}, framed, step); fmt.Sprint(got) != fmt.Sprint(twice) {
			t.Errorf("WebSocket, %d bytes at a time: wrong messages", step)
		}
	}
}

func TestScanFrameErrors(t *testing.T) {
	packet := appendPacket(nil, packetData, []byte{2 << 1, 1})
	for name, test := range map[string]struct {
		b    []byte
		want error
	}{
		"closed": {serverFrame(opClose, nil), errClosed},
		"masked": {appendFrame(nil, packet), errMasked},
		"split":  {serverFrame(opBinary, packet[:5]), errSplit},
	} {
		c := &conn{ws: true}
		_, err := c.scan(Nano{}, test.b, func(Message) error { return nil })
		if !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

func TestUpgradeReply(t *testing.T) {
	ok := []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nrest")
	if n, err := upgradeReply(ok); err != nil || string(ok[n:]) != "rest" {
		t.Errorf("accepted: %d, %v", n, err)
	}
	if n, err := upgradeReply(ok[:40]); n != 0 || err != nil {
		t.Errorf("not all there: %d, %v", n, err)
	}
	if _, err := upgradeReply([]byte("HTTP/1.1 403 Forbidden\r\n\r\n")); err == nil {
		t.Error("refused: no error")
	}
}

func FuzzNanoNext(f *testing.F) {
	f.Add(Nano{}.AppendRequest(nil, 5, game.Echo, []byte("x")))
	f.Add(appendPacket(nil, packetData, []byte{3 << 1, 1, 'r'}))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, n, _ := Nano{}.Next(b)
		if n < 0 || n > len(b) {
			t.Errorf("took %d of %d bytes", n, len(b))
		}
	})
}

func FuzzCentrifugeNext(f *testing.F) {
	f.Add(appendCommand(nil, 1, cfRPC, []byte{0x0a, 1, 'x'}))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, n, _ := Centrifuge{}.Next(b)
		if n < 0 || n > len(b) {
			t.Errorf("took %d of %d bytes", n, len(b))
		}
	})
}

// serverFrame is a frame as a server sends it, unmasked.
func serverFrame(op byte, payload []byte) []byte {
	b := appendFrame(nil, payload)
	head := len(b) - len(payload) - 4
	b[0] = 0x80 | op
	b[1] &^= 0x80
	return append(b[:head:head], payload...)
}

// scanAll feeds b step bytes at a time, as reads would, and returns what came out.
func scanAll(t *testing.T, c *conn, p Protocol, b []byte, step int) []string {
	t.Helper()
	var got []string
	for len(b) > 0 {
		n := min(step, len(b))
		c.rest = append(c.rest, b[:n]...)
		b = b[n:]
		used, err := c.scan(p, c.rest, func(m Message) error {
			got = append(got, fmt.Sprintf("%d %d %s", m.Kind, m.ID, m.Payload))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		c.rest = append(c.rest[:0], c.rest[used:]...)
	}
	if len(c.rest) > 0 {
		t.Errorf("%d bytes left over", len(c.rest))
	}
	return got
}
