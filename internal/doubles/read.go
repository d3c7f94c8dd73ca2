package doubles

import (
	"encoding/json"
	"time"
)

// read takes what comes until the connection has ended.
func (d *Double) read() {
	defer close(d.ended)
	defer d.conn.Close()
	defer d.stopBeats()
	var got []byte
	buf := make([]byte, 4<<10)
	for {
		n, err := d.conn.Read(buf)
		got = append(got, buf[:n]...)
		for p, rest, ok := cutPacket(got); ok; p, rest, ok = cutPacket(rest) {
			d.take(p)
			got = rest
		}
		if err == nil {
			continue
		}
		d.mu.Lock()
		if len(got) > 0 && !d.closed && !d.crashed {
			d.wrong("the connection ended within a packet")
		}
		d.mu.Unlock()
		return
	}
}

// wrong reports what the server did wrong, and the client lives with.
func (d *Double) wrong(format string, args ...any) {
	d.report.Errorf(d.traits.name+" double: "+format, args...)
}

// crash reports what a client does not survive. Called with mu held.
func (d *Double) crash(format string, args ...any) {
	d.wrong("fatal: "+format, args...)
	d.crashed = true
	_ = d.conn.Close()
}

// take handles one packet.
func (d *Double) take(p packet) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.crashed {
		return
	}
	defer d.tell()
	if d.kick != nil {
		d.wrong("a packet of type %d after the kick", p.kind)
	}
	if d.refused != nil {
		d.wrong("a packet of type %d after the refusal", p.kind)
	}
	if p.kind != handshakePacket && !d.shaken {
		d.wrong("a packet of type %d before the handshake's reply", p.kind)
	}
	d.heard()
	switch p.kind {
	case handshakePacket:
		d.takeReply(p.body)
	case heartbeatPacket:
		d.takeBeat(p.body)
	case dataPacket:
		d.takeData(p.body)
	case kickPacket:
		d.takeKick(p.body)
	default:
		d.crash("a packet of type %d", p.kind)
	}
}

func (d *Double) takeReply(body []byte) {
	if d.shaken {
		d.crash("a second reply to the handshake")
		return
	}
	d.shaken = true
	r, err := parseReply(body)
	if err != nil {
		d.crash("the handshake's reply: %v", err)
		return
	}
	d.reply = r
	if r.Code != 200 {
		d.refused = &Refused{TooOld: r.Code == 501, Code: r.Code, Msg: r.Msg}
		return
	}
	d.traits.reply(d, r)
	if d.crashed {
		return
	}
	d.mu.Unlock()
	d.send(ackPacket, []byte(d.traits.ack))
	d.mu.Lock()
	d.acked = true
	d.startBeats()
}

func (d *Double) takeBeat(body []byte) {
	if len(body) > 0 {
		d.wrong("a heartbeat with a body, without resume")
	}
	d.beat.came = append(d.beat.came, time.Now())
	d.traits.beats.answer(d)
}

func (d *Double) takeKick(body []byte) {
	d.kick = &Kick{}
	if err := json.Unmarshal(body, d.kick); err != nil {
		d.crash("the kick's body: %v", err)
		return
	}
	if d.kick.Code == "" {
		d.wrong("a kick without a code: %s", body)
	}
}

func (d *Double) takeData(body []byte) {
	m, err := parseMessage(body)
	if err != nil {
		d.crash("%v: %x", err, body[:min(len(body), 64)])
		return
	}
	if m.deflated && !d.unpack(&m) {
		return
	}
	switch {
	case len(m.body) == 0 && d.traits.emptyBody && !m.failed:
	case !json.Valid(m.body):
		d.crash("a body that is no JSON: %q", m.body)
		return
	}
	if m.kind == response {
		d.takeResponse(m)
		return
	}
	d.takePush(m)
}

// unpack inflates a body. It returns false when the client cannot.
func (d *Double) unpack(m *message) bool {
	if !d.traits.inflates {
		d.crash("a deflated body")
		return false
	}
	plain, err := inflate(m.body)
	if err != nil {
		d.crash("a deflated body: %v", err)
		return false
	}
	m.body = plain
	return true
}

func (d *Double) takeResponse(m message) {
	waiting, asked := d.pending[m.id]
	switch {
	case !asked:
		d.wrong("a response to %d, which was not asked", m.id)
		return
	case waiting != nil:
		d.wrong("a second response to %d", m.id)
		return
	}
	if m.failed {
		d.checkError(m.body)
	}
	d.pending[m.id] = &Answer{Body: m.body, Failed: m.failed}
}

// checkError looks at an error body as the clients do that know one.
func (d *Double) checkError(body []byte) {
	var e struct {
		Code     *string           `json:"code"`
		Msg      *string           `json:"msg"`
		Metadata map[string]string `json:"metadata"`
	}
	if err := json.Unmarshal(body, &e); err != nil || e.Code == nil || *e.Code == "" || e.Msg == nil {
		d.wrong("an error body without code and msg: %s", body)
	}
}

func (d *Double) takePush(m message) {
	switch {
	case m.coded && !d.traits.codes:
		d.crash("a push with the route code %d", m.code)
		return
	case m.coded && d.routes[m.code] == "":
		d.crash("a push with the route code %d, which the dictionary does not have", m.code)
		return
	case m.coded:
		m.route = d.routes[m.code]
	case d.traits.codes && d.codes[m.route] != 0:
		d.wrong("a push to %q with its route as text, in spite of the dictionary", m.route)
	}
	d.pushes = append(d.pushes, received{m.route, m.body})
}
