package wire

import (
	"encoding/json"
	"hash/fnv"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// LongestHeartbeat is what Pitaya's clients are told when heartbeats are off: the largest interval that they can
// double and count in milliseconds of 31 bits.
const LongestHeartbeat = 1 << 20 * time.Second

// HandshakeReply is the answer to a handshake that was accepted.
type HandshakeReply struct {
	Dialect    Dialect
	Heartbeat  time.Duration // 0 and below: off
	Time       time.Time
	Dictionary *Dictionary
	Dict       bool   // the client keeps dictionaries, Handshake.Dict
	Serializer string // its name
	User       any    // anything that encodes as JSON; nil: none
}

// ToldHeartbeat returns the interval that a client of the dialect is told, which its deadline follows; 0 is off.
func ToldHeartbeat(d Dialect, interval time.Duration) time.Duration {
	if d != DialectPitaya {
		return max(0, interval)
	}
	if interval <= 0 {
		return LongestHeartbeat
	}
	return time.Duration(math.Ceil(interval.Seconds())) * time.Second
}

// AppendHandshakeReply appends the reply's JSON. The error says that User does not encode; dst is then returned as it was.
func AppendHandshakeReply(dst []byte, r HandshakeReply) ([]byte, error) {
	sys := map[string]any{"heartbeat": ToldHeartbeat(r.Dialect, r.Heartbeat).Seconds()}
	if r.Dialect != DialectPitaya {
		sys["servertime"] = r.Time.Unix()
	}
	if r.Dialect != DialectNano {
		sys["serializer"] = r.Serializer
	}
	r.addDictionary(sys)
	reply := map[string]any{"code": HandshakeOK, "sys": sys}
	if r.User != nil {
		reply["user"] = r.User
	}
	b, err := json.Marshal(reply)
	if err != nil {
		return dst, err
	}
	return append(dst, b...), nil
}

func (r HandshakeReply) addDictionary(sys map[string]any) {
	dict := make(map[string]uint16, r.Dictionary.Len())
	for route, code := range r.Dictionary.All() {
		dict[route] = code
	}
	if len(dict) > 0 || r.Dialect == DialectPitaya {
		sys["dict"] = dict
	}
	if len(dict) == 0 || !r.Dict || r.Dialect != DialectNano {
		return
	}
	routes := make(map[string]string, len(dict))
	for route, code := range dict {
		routes[strconv.Itoa(int(code))] = route
	}
	sys["useDict"] = true
	sys["routeToCode"] = dict
	sys["codeToRoute"] = routes
	sys["dictVersion"] = dictVersion(r.Dictionary)
}

// dictVersion differs between dictionaries that differ.
func dictVersion(d *Dictionary) string {
	h := fnv.New64a()
	for route, code := range d.All() {
		h.Write([]byte(route))
		h.Write([]byte{0, byte(code >> 8), byte(code)})
	}
	return strconv.FormatUint(h.Sum64(), 16)
}

// AppendHandshakeRefusal appends the JSON of a refusal with one of the Handshake codes.
func AppendHandshakeRefusal(dst []byte, code int, message string) []byte {
	b, err := json.Marshal(map[string]any{"code": code, "msg": message})
	if err != nil { // cannot be: an int and a string
		return dst
	}
	return append(dst, b...)
}

// KickBody is what a kick says.
type KickBody struct {
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// AppendKick appends a kick packet. A code is cut to 256 bytes, a reason to 1 KiB.
func AppendKick(dst []byte, code, reason string) []byte {
	const longestCode, longestReason = 1 << 8, 1 << 10
	b, err := json.Marshal(KickBody{Code: cut(code, longestCode), Reason: cut(reason, longestReason)})
	if err != nil { // cannot be: two strings
		return dst
	}
	dst, _ = AppendPacket(dst, PacketKick, b)
	return dst
}

// cut returns the first n bytes of s, or less rather than a part of a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range utf8.UTFMax {
		if utf8.RuneStart(s[n-i]) {
			return s[:n-i]
		}
	}
	return s[:n] // no UTF-8 anyway
}
