package nano_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/serialize/msgpack"
	"github.com/lonng/nano/serialize/protobuf"
	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// protoTime is when fake time begins, and with it what servertime tells.
const protoTime = 946684800

var protoDictVersion = regexp.MustCompile(`"dictVersion":"[0-9a-f]+"`)

// The reply to each dialect, with and without a dictionary.
func TestHandshakeReplies(t *testing.T) {
	const dict = `"dict":{"room.join":258,"onMessage":65535}`
	withDict := nano.WithDictionary(map[string]uint16{"room.join": 258, "onMessage": 65535})
	pomelo := dict + `,"useDict":true,"routeToCode":{"room.join":258,"onMessage":65535},
		"codeToRoute":{"258":"room.join","65535":"onMessage"},"dictVersion":"$"`
	for name, test := range map[string]struct {
		handshake string
		opts      []nano.Option
		want      string // sys
	}{
		"nano":                   {protoNano, nil, `"heartbeat":30,"servertime":946684800`},
		"nano, dictionary":       {protoNano, []nano.Option{withDict}, `"heartbeat":30,"servertime":946684800,` + dict},
		"nano, fraction":         {protoNano, []nano.Option{nano.WithHeartbeatInterval(2500 * time.Millisecond)}, `"heartbeat":2.5,"servertime":946684800`},
		"nano, heartbeats off":   {protoNano, []nano.Option{nano.WithHeartbeatInterval(0)}, `"heartbeat":0,"servertime":946684800`},
		"nano, below zero":       {protoNano, []nano.Option{nano.WithHeartbeatInterval(-time.Second)}, `"heartbeat":0,"servertime":946684800`},
		"empty":                  {"", []nano.Option{withDict}, `"heartbeat":30,"servertime":946684800,` + dict},
		"no JSON":                {"\x00\xff{", nil, `"heartbeat":30,"servertime":946684800`},
		"pomelo":                 {protoPomelo, nil, `"heartbeat":30,"servertime":946684800`},
		"pomelo, dictionary":     {protoPomelo, []nano.Option{withDict}, `"heartbeat":30,"servertime":946684800,` + pomelo},
		"pitaya":                 {protoPitaya, nil, `"heartbeat":30,"dict":{},"serializer":"json"`},
		"pitaya, dictionary":     {protoPitaya, []nano.Option{withDict}, `"heartbeat":30,"serializer":"json",` + dict},
		"pitaya, dictVersion":    {`{"sys":{"libVersion":"1","dictVersion":"x"}}`, []nano.Option{withDict}, `"heartbeat":30,"serializer":"json",` + dict},
		"pitaya, fraction":       {protoPitaya, []nano.Option{nano.WithHeartbeatInterval(2500 * time.Millisecond)}, `"heartbeat":3,"dict":{},"serializer":"json"`},
		"pitaya, below a second": {protoPitaya, []nano.Option{nano.WithHeartbeatInterval(20 * time.Millisecond)}, `"heartbeat":1,"dict":{},"serializer":"json"`},
		"pitaya, heartbeats off": {protoPitaya, []nano.Option{nano.WithHeartbeatInterval(0)}, `"heartbeat":1048576,"dict":{},"serializer":"json"`},
		"pitaya, protobuf":       {protoPitaya, []nano.Option{nano.WithSerializer(protobuf.NewSerializer())}, `"heartbeat":30,"dict":{},"serializer":"protobuf"`},
		"pitaya, compression":    {protoPitaya, []nano.Option{nano.WithCompression(1)}, `"heartbeat":30,"dict":{},"serializer":"json"`},
		"level 1":                {protoLevel1, nil, `"heartbeat":30,"servertime":946684800,"serializer":"json"`},
		"level 1, msgpack":       {protoLevel1, []nano.Option{nano.WithSerializer(msgpack.NewSerializer())}, `"heartbeat":30,"servertime":946684800,"serializer":"msgpack"`},
		"level 1, dictVersion":   {`{"sys":{"nano":1,"dictVersion":"x"}}`, []nano.Option{withDict}, `"heartbeat":30,"servertime":946684800,"serializer":"json",` + dict},
		"level 1, resume":        {`{"sys":{"nano":1,"resume":{"session":"gone","received":5}}}`, nil, `"heartbeat":30,"servertime":946684800,"serializer":"json"`},
		"level 1, fraction":      {protoLevel1, []nano.Option{nano.WithHeartbeatInterval(100 * time.Millisecond)}, `"heartbeat":0.1,"servertime":946684800,"serializer":"json"`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				host := newProtoHost(t, test.opts...)
				protoEcho(host)
				reply := protoDictVersion.ReplaceAllString(host.raw().shake(test.handshake), `"dictVersion":"$$"`)
				sameJSON(t, reply, `{"code":200,"sys":{`+test.want+`}}`)
			})
		})
	}
}

// servertime is that of the reply, not that of the handshake.
func TestServerTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := newProtoHost(t, nano.WithHandshake(func(ctx context.Context, _ *session.Session, _ *nano.Handshake) (any, error) {
			<-time.After(7 * time.Second)
			return nil, nil
		}))
		protoEcho(host)
		c := host.raw()
		c.send(pack(wire.PacketHandshake, ""))
		pass(7 * time.Second)
		want := fmt.Sprintf(`{"code":200,"sys":{"heartbeat":30,"servertime":%d}}`, protoTime+7)
		sameJSON(t, string(c.next(wire.PacketHandshake).Body), want)
	})
}

// What a refusal says, by dialect.
func TestRefusals(t *testing.T) {
	secret := errors.New("no entry")
	for name, test := range map[string]struct {
		err            error
		others, pitaya int
		msg            string
	}{
		"error":         {secret, 500, 400, "no entry"},
		"coded":         {nano.Errorf("banned", "until %s", "May"), 500, 400, "until May"},
		"code only":     {nano.Errorf("banned", ""), 500, 400, "banned"},
		"too old":       {nano.ErrClientTooOld, 501, 501, "this version of the client is no longer served"},
		"too old, long": {fmt.Errorf("version 1: %w", nano.ErrClientTooOld), 501, 501, ""},
	} {
		t.Run(name, func(t *testing.T) {
			eachDialect(t, func(t *testing.T, handshake string) {
				host := newProtoHost(t, nano.WithHandshake(func(context.Context, *session.Session, *nano.Handshake) (any, error) {
					return "a user that no refused client sees", test.err
				}))
				protoEcho(host)
				reasons := make(chan error, 1)
				host.OnSessionClosed(func(s *session.Session) { reasons <- s.Err() })
				c := host.raw()
				// What comes behind the handshake, as if it had been accepted, does not count.
				c.send(pack(wire.PacketHandshake, handshake), pack(wire.PacketAck, ""), packRequest(1, "echo", "1"))
				code, msg := test.others, test.msg
				if handshake == protoPitaya {
					code = test.pitaya
				}
				body := string(c.next(wire.PacketHandshake).Body)
				if msg == "" {
					msg = wire.AsError(test.err).Message
				}
				sameJSON(t, body, fmt.Sprintf(`{"code":%d,"msg":%q}`, code, msg))
				c.wantEnd("")
				if err := <-reasons; wire.CodeOf(err) != "refused" || !errors.Is(err, test.err) {
					t.Errorf("the session ended with %v", err)
				}
				if s := host.Stats(); s.Refused != 1 || s.Received != 0 {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

// A refusal reaches a client whose input is not read any more.
func TestRefusalIsFlushed(t *testing.T) {
	eachDialect(t, func(t *testing.T, handshake string) {
		host := newProtoHost(t, nano.WithHandshakeValidator(func(*session.Session, []byte) error { return errors.New("no") }))
		protoEcho(host)
		host.start()
		for _, conn := range []*protoRaw{host.raw(), newProtoRaw(t, host.dialWS())} {
			var much []byte
			for range 1000 {
				much = append(much, packRequest(1, "echo", "1")...)
			}
			conn.send(pack(wire.PacketHandshake, handshake), much)
			conn.next(wire.PacketHandshake)
			conn.wantEnd("")
			if ws, ok := conn.Conn.(*protoWS); ok && ws.closeCode() != 1008 {
				t.Errorf("closed with %d", ws.closeCode())
			}
		}
	})
}
