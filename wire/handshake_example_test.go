package wire_test

import (
	"fmt"
	"time"

	"github.com/lonng/nano/wire"
)

func ExampleParseHandshake() {
	h := wire.ParseHandshake([]byte(`{"sys":{"platform":"ios","libVersion":"0.3.5","clientVersion":"2.1"},"user":{"token":"x"}}`))
	fmt.Println(h.Dialect, h.Platform, h.AppVersion, string(h.User))

	h = wire.ParseHandshake([]byte("whatever bytes a client sends"))
	fmt.Printf("%v %q\n", h.Dialect, h.Raw)
	// Output:
	// pitaya ios 2.1 {"token":"x"}
	// nano "whatever bytes a client sends"
}

func ExampleAppendHandshakeReply() {
	reply := wire.HandshakeReply{
		Dialect:   wire.DialectNano,
		Heartbeat: 30 * time.Second,
		Time:      time.Unix(1700000000, 0),
		User:      map[string]string{"name": "ann"},
	}
	b, err := wire.AppendHandshakeReply(nil, reply)
	fmt.Println(string(b), err)

	reply.Dialect, reply.Serializer, reply.User = wire.DialectPitaya, "json", nil
	b, err = wire.AppendHandshakeReply(nil, reply)
	fmt.Println(string(b), err)
	// Output:
	// {"code":200,"sys":{"heartbeat":30,"servertime":1700000000},"user":{"name":"ann"}} <nil>
	// {"code":200,"sys":{"dict":{},"heartbeat":30,"serializer":"json"}} <nil>
}

func ExampleAppendHandshakeRefusal() {
	b := wire.AppendHandshakeRefusal(nil, wire.HandshakeTooOld, "please update")
	fmt.Println(string(b))
	// Output: {"code":501,"msg":"please update"}
}

func ExampleAppendKick() {
	fmt.Printf("%q\n", wire.AppendKick(nil, wire.KickReplaced, "logged in elsewhere"))
	// Output: "\x05\x00\x002{\"code\":\"replaced\",\"reason\":\"logged in elsewhere\"}"
}

func ExampleToldHeartbeat() {
	fmt.Println(wire.ToldHeartbeat(wire.DialectNano, 500*time.Millisecond))
	fmt.Println(wire.ToldHeartbeat(wire.DialectPitaya, 500*time.Millisecond))
	// Output:
	// 500ms
	// 1s
}
