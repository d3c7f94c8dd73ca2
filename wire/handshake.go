package wire

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// Dialect is the family of a client: what its handshake is answered with and which flags it can read.
type Dialect byte

const (
	DialectNano   Dialect = iota // nano's and Pomelo's clients
	DialectPitaya                // Pitaya's clients
	DialectLevel1                // clients that can resume
)

// String returns the dialect's name, for logs and labels.
func (d Dialect) String() string {
	switch d {
	case DialectNano:
		return "nano"
	case DialectPitaya:
		return "pitaya"
	case DialectLevel1:
		return "level1"
	}
	return "dialect " + strconv.Itoa(int(d))
}

// Handshake is what a client says of itself. A field that it left out, or that is no text, is empty. The slices
// belong to the handshake and may be kept.
type Handshake struct {
	Raw     []byte // the body as it came
	Dialect Dialect

	Type    string // sys.type, the kind of client: "js-websocket"
	Version string // sys.version, of the client library

	// Pitaya's clients
	Platform    string // sys.platform: "ios"
	LibVersion  string // sys.libVersion
	BuildNumber string // sys.clientBuildNumber
	AppVersion  string // sys.clientVersion, of the application

	Dict bool            // the client keeps dictionaries: it sent sys.dictVersion
	User json.RawMessage // user, for the application's validator; nil when there is none
}

// ParseHandshake reads the body of a handshake. Any bytes are a handshake: what is no JSON object has only Raw and the
// dialect nano. The handshake holds a copy of body.
func ParseHandshake(body []byte) Handshake {
	h := Handshake{Raw: bytes.Clone(body)}
	var top map[string]json.RawMessage
	if json.Unmarshal(h.Raw, &top) != nil {
		return h
	}
	h.User = top["user"]
	var sys map[string]json.RawMessage
	if json.Unmarshal(top["sys"], &sys) != nil {
		return h
	}
	h.Type, h.Version = text(sys["type"]), text(sys["version"])
	h.Platform, h.LibVersion = text(sys["platform"]), text(sys["libVersion"])
	h.BuildNumber, h.AppVersion = text(sys["clientBuildNumber"]), text(sys["clientVersion"])
	_, h.Dict = sys["dictVersion"]
	h.Dialect = dialect(sys)
	return h
}

func dialect(sys map[string]json.RawMessage) Dialect {
	if level, err := strconv.ParseFloat(string(sys["nano"]), 64); err == nil && level >= 1 {
		return DialectLevel1
	}
	for _, key := range [...]string{"libVersion", "platform", "clientBuildNumber", "clientVersion"} {
		if _, ok := sys[key]; ok {
			return DialectPitaya
		}
	}
	return DialectNano
}

// text returns the string that raw holds, or a number as it is written.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String()
	}
	return ""
}

// Handshake codes: the reply's code.
const (
	HandshakeOK      = 200
	HandshakeRefused = 400 // Pitaya's clients: the validator refused
	HandshakeFailed  = 500 // other clients: the validator refused
	HandshakeTooOld  = 501 // the client's version is no longer served
)
