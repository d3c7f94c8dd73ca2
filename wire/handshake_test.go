package wire

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
)

func TestDialects(t *testing.T) {
	for body, want := range map[string]Dialect{
		``:                                   DialectNano,
		`{}`:                                 DialectNano,
		`null`:                               DialectNano,
		`[1,2]`:                              DialectNano,
		`"sys"`:                              DialectNano,
		`no JSON`:                            DialectNano,
		`{"sys":`:                            DialectNano,
		`{"sys":null}`:                       DialectNano,
		`{"sys":[]}`:                         DialectNano,
		`{"sys":{"type":"js"}}`:              DialectNano,
		`{"sys":{"dictVersion":"1"}}`:        DialectNano,
		`{"nano":1,"platform":"mac"}`:        DialectNano, // not in sys
		`{"SYS":{"platform":"mac"}}`:         DialectNano,
		`{"sys":{"Platform":"mac"}}`:         DialectNano,
		`{"sys":{"platform":"mac"}}`:         DialectPitaya,
		`{"sys":{"platform":null}}`:          DialectPitaya,
		`{"sys":{"libVersion":"1"}}`:         DialectPitaya,
		`{"sys":{"clientVersion":1}}`:        DialectPitaya,
		`{"sys":{"nano":1}}`:                 DialectLevel1,
		`{"sys":{"nano":1.0}}`:               DialectLevel1,
		`{"sys":{"nano":2}}`:                 DialectLevel1,
		`{"sys":{"nano":1e2}}`:               DialectLevel1,
		`{"sys":{"nano":0}}`:                 DialectNano,
		`{"sys":{"nano":0.9}}`:               DialectNano,
		`{"sys":{"nano":-1}}`:                DialectNano,
		`{"sys":{"nano":"1"}}`:               DialectNano, // no number
		`{"sys":{"nano":true}}`:              DialectNano,
		`{"sys":{"nano":null}}`:              DialectNano,
		`{"sys":{"nano":[1]}}`:               DialectNano,
		` {"sys" : {"nano" : 1 } } `:         DialectLevel1,
		`{"sys":{"nano":1}} and more`:        DialectNano,
		"\xff{\"sys\":{\"nano\":1}}":         DialectNano,
		`{"sys":{"clientVersion":""}}`:       DialectPitaya,
		`{"sys":{"clientBuildNumber":"20"}}`: DialectPitaya,
		`{"sys":{"nano":1,"platform":"mac","libVersion":"0.3.5"}}`:    DialectLevel1, // ours first
		`{"sys":{"nano":"x","platform":"mac"}}`:                       DialectPitaya,
		`{"sys":{"type":"js-websocket","version":"0.0.1","rsa":{}}}`:  DialectNano,
		`{"sys":{"type":"nano-ts","version":"1.0.0","nano":1}}`:       DialectLevel1,
		`{"sys":{"platform":"mac","dictVersion":"a","useDict":true}}`: DialectPitaya,
	} {
		h := ParseHandshake([]byte(body))
		if h.Dialect != want {
			t.Errorf("%q is %v, want %v", body, h.Dialect, want)
		}
		if string(h.Raw) != body {
			t.Errorf("%q: raw is %q", body, h.Raw)
		}
	}
}

func TestDialectNames(t *testing.T) {
	for d, want := range map[Dialect]string{
		DialectNano: "nano", DialectPitaya: "pitaya", DialectLevel1: "level1", 7: "dialect 7",
	} {
		if got := d.String(); got != want {
			t.Errorf("%d is %q, want %q", d, got, want)
		}
	}
}

func TestParseHandshakeFields(t *testing.T) {
	for _, test := range []struct {
		body string
		want Handshake
	}{
		{
			`{"sys":{"type":"js-websocket","version":"0.0.1","rsa":{}},"user":{}}`,
			Handshake{Type: "js-websocket", Version: "0.0.1", User: []byte(`{}`)},
		}, {
			`{"sys":{"platform":"mac","libVersion":"0.3.5-release","clientBuildNumber":"20","clientVersion":"2.1"},"user":{"age":30}}`,
			Handshake{
				Dialect: DialectPitaya, Platform: "mac", LibVersion: "0.3.5-release", BuildNumber: "20", AppVersion: "2.1",
				User: []byte(`{"age":30}`),
			},
		}, {
			`{"sys":{"type":"nano-ts","version":"1.0.0","nano":1},"user":"token"}`,
			Handshake{Dialect: DialectLevel1, Type: "nano-ts", Version: "1.0.0", User: []byte(`"token"`)},
		}, {
			`{"sys":{"type":"c","version":3,"dictVersion":"1f"}}`,
			Handshake{Type: "c", Version: "3", Dict: true},
		}, {
			`{"sys":{"dictVersion":null}}`,
			Handshake{Dict: true},
		}, {
			`{"sys":{"clientBuildNumber":20,"clientVersion":2.50,"platform":{},"libVersion":[1]}}`, // numbers as written
			Handshake{Dialect: DialectPitaya, BuildNumber: "20", AppVersion: "2.50"},
		}, {
			`{"sys":"no object","user":[1]}`,
			Handshake{User: []byte(`[1]`)},
		}, {
			`{"sys":{"version":true}}`,
			Handshake{},
		},
	} {
		test.want.Raw = []byte(test.body)
		if got := ParseHandshake([]byte(test.body)); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", test.body, got, test.want)
		}
	}
}

// What ParseHandshake is given may be a view of a buffer that is read into again.
func TestParseHandshakeCopies(t *testing.T) {
	body := []byte(`{"sys":{"type":"js"},"user":{"name":"ann"}}`)
	h := ParseHandshake(body)
	want := string(body)
	clear(body)
	if string(h.Raw) != want || string(h.User) != `{"name":"ann"}` || h.Type != "js" {
		t.Errorf("%+v changed with what it was parsed from", h)
	}
}

func FuzzParseHandshake(f *testing.F) {
	valid, _ := loadVectors(f)
	for _, v := range valid {
		if v.Packet == "handshake" {
			f.Add([]byte(v.Hex[HeaderLen:]))
		}
	}
	f.Add([]byte(`{"sys":{"nano":1e400,"platform":{},"dictVersion":[]},"user":null}`))
	f.Add([]byte("\xff\xfe"))
	f.Add(bytes.Repeat([]byte(`{"sys":`), 1000))
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		h := ParseHandshake(body)
		if !bytes.Equal(body, before) || !bytes.Equal(h.Raw, body) {
			t.Errorf("%q: raw is %q", before, h.Raw)
		}
		if h.Dialect > DialectLevel1 {
			t.Errorf("%q is %v", body, h.Dialect)
		}
		if h.User != nil && !json.Valid(h.User) {
			t.Errorf("%q: user is %q", body, h.User)
		}
		if !json.Valid(body) && !reflect.DeepEqual(h, Handshake{Raw: h.Raw}) {
			t.Errorf("%q is no JSON and was read as %+v", body, h)
		}
	})
}
