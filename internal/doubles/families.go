package doubles

import (
	"encoding/json"
	"net"
	"regexp"
	"strconv"
)

// traits are what tells the families apart.
type traits struct {
	name      string
	handshake string // body
	ack       string // body
	beats     beats
	codes     bool // reads route codes in pushes
	inflates  bool // reads deflated bodies
	deflates  bool // sends them
	emptyBody bool // survives an empty body
	// reply takes what the client uses of an accepted handshake's reply, and checks it. Called with mu held.
	reply func(d *Double, r *reply)
}

// Starx returns a double of the JavaScript client of nano and of Pomelo. It starts its own heartbeat after the first that
// came, parses every body, that of a kick as well, and uses the dictionary of the reply in both directions.
func Starx(r Reporter, conn net.Conn) *Double {
	return newDouble(r, conn, traits{
		name:      "starx",
		handshake: `{"sys":{"type":"js-websocket","version":"0.0.1","rsa":{}},"user":{}}`,
		beats:     answerBeats,
		codes:     true,
		reply:     replyToStarx,
	})
}

func replyToStarx(d *Double, r *reply) {
	d.fields(r, []string{"heartbeat", "servertime"}, []string{"dict"})
	d.beat.interval = d.seconds(r)
	d.servertime(r)
	d.dictionary(r, "dict")
}

// Pomelo returns a double of Pomelo's native client, which remembers a dictionary of its last connection and says which. It
// uses the dictionary that the reply has in its three parts.
func Pomelo(r Reporter, conn net.Conn) *Double {
	return newDouble(r, conn, traits{
		name:      "pomelo",
		handshake: `{"sys":{"type":"c","version":"0.3.5","dictVersion":"of last time"}}`,
		beats:     ownBeats,
		codes:     true,
		reply:     replyToPomelo,
	})
}

func replyToPomelo(d *Double, r *reply) {
	parts := []string{"useDict", "routeToCode", "codeToRoute", "dictVersion"}
	d.fields(r, []string{"heartbeat", "servertime"}, append(parts, "dict"))
	d.beat.interval = d.seconds(r)
	d.servertime(r)
	if r.Sys["useDict"] == nil || string(r.Sys["useDict"]) == "false" {
		return
	}
	for _, part := range parts {
		if r.Sys[part] == nil {
			d.crash("sys.useDict without sys.%s", part)
			return
		}
	}
	d.text(r, "dictVersion")
	d.dictionary(r, "routeToCode")
	var routes map[string]string
	if err := json.Unmarshal(r.Sys["codeToRoute"], &routes); err != nil || len(routes) != len(d.routes) {
		d.crash("sys.codeToRoute is %s", r.Sys["codeToRoute"])
		return
	}
	for code, route := range routes {
		if n, err := strconv.ParseUint(code, 10, 16); err != nil || d.routes[uint16(n)] != route {
			d.crash("sys.codeToRoute and sys.routeToCode differ over %s: %s", code, route)
		}
	}
}

// Pitaya returns a double of Pitaya's C client. It deflates its requests, knows errors by their bit, and asserts where
// others are patient.
func Pitaya(r Reporter, conn net.Conn) *Double {
	return newDouble(r, conn, traits{
		name: "pitaya",
		handshake: `{"sys":{"platform":"mac","libVersion":"0.3.5-release","clientBuildNumber":"20","clientVersion":"2.1"},` +
			`"user":{"age":30}}`,
		beats:    ownBeats,
		inflates: true,
		deflates: true,
		reply:    replyToPitaya,
	})
}

var atLeastOne = regexp.MustCompile(`^[1-9][0-9]{0,6}$`)

func replyToPitaya(d *Double, r *reply) {
	d.fields(r, []string{"heartbeat", "dict", "serializer"}, nil)
	if use := string(r.Sys["useDict"]); use != "" && use != "false" {
		d.crash("sys.useDict is %s", use)
		return
	}
	if text := string(r.Sys["heartbeat"]); !atLeastOne.MatchString(text) {
		d.crash("sys.heartbeat is %s", text)
		return
	}
	d.beat.interval = d.seconds(r)
	d.text(r, "serializer")
	var dict map[string]uint16 // which this client has no use for
	if err := json.Unmarshal(r.Sys["dict"], &dict); err != nil || dict == nil {
		d.wrong("sys.dict is %s", r.Sys["dict"])
	}
}

// Connector returns a double of nano's own Go connector: an empty handshake, an ack with a body, no heartbeats. It was built
// with the server's dictionary.
func Connector(r Reporter, conn net.Conn) *Double {
	return newDouble(r, conn, traits{
		name:      "connector",
		beats:     noBeats,
		ack:       `{"ready":true}`,
		codes:     true,
		emptyBody: true,
		reply: func(d *Double, r *reply) {
			d.fields(r, []string{"heartbeat", "servertime"}, []string{"dict"})
			d.dictionary(r, "dict")
		},
	})
}

// Level1 returns a double of a client that can resume, for servers that cannot: it asks, and goes on without.
func Level1(r Reporter, conn net.Conn) *Double {
	return newDouble(r, conn, traits{
		name:      "level 1",
		handshake: `{"sys":{"type":"nano-ts","version":"1.0.0","nano":1},"user":{"token":"t"}}`,
		beats:     steadyBeats,
		codes:     true,
		emptyBody: true,
		reply: func(d *Double, r *reply) {
			d.fields(r, []string{"heartbeat", "servertime", "serializer"}, []string{"dict"})
			d.beat.interval = d.seconds(r)
			d.servertime(r)
			d.text(r, "serializer")
			d.dictionary(r, "dict")
		},
	})
}
