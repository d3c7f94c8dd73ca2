package agent

import (
	"encoding/binary"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lonng/nano/session"
	"github.com/lonng/nano/wire"
)

// actor is a client, what it said, what it heard, and what the server did for it.
type actor struct {
	*peer
	w      *world
	server net.Conn
	conn   *Conn // after the handshake

	// said
	acked    bool
	requests uint32   // and notifies
	asked    []uint64 // ids
	tail     []byte   // of a packet of which the head was sent
	gone     bool     // closed or cut
	garbage  bool

	// heard
	replied  bool
	refused  bool
	kicked   bool
	ended    bool
	pushes   uint32
	answered map[uint64]bool

	// done
	pushed uint32 // accepted
	kicks  int    // accepted

	mu      sync.Mutex // guards what follows
	handled []uint32
}

// say sends as much as there is room for: it does not wait, and what is left makes the rest of its input garbage.
func (a *actor) say(b []byte) {
	if a.gone {
		return
	}
	b = append(a.tail, b...)
	a.tail = nil
	_ = a.SetWriteDeadline(time.Now().Add(time.Millisecond))
	if n, err := a.Write(b); err != nil {
		a.tail = append([]byte(nil), b[n:]...)
	}
}

// ask sends a request or a notify.
func (a *actor) ask(op, arg byte) {
	payload := binary.BigEndian.AppendUint32(nil, a.requests)
	payload = append(payload, arg, 0)
	a.requests++
	if op%2 == 0 {
		a.say(message(wire.Head{Type: wire.Notify, Route: "n"}, string(payload)))
		return
	}
	id := uint64(a.requests)
	a.asked = append(a.asked, id)
	a.say(message(wire.Head{Type: wire.Request, ID: id, Route: "r"}, string(payload)))
}

// begin sends the head of a request; the next that is said brings the rest.
func (a *actor) begin(op, arg byte) {
	if len(a.tail) > 0 || a.gone {
		return
	}
	payload := append(binary.BigEndian.AppendUint32(nil, a.requests), op, arg)
	a.requests++
	b := message(wire.Head{Type: wire.Notify, Route: "n"}, string(payload))
	n := int(arg) % len(b)
	a.say(b[:n])
	a.tail = append(a.tail, b[n:]...)
}

// kick has the server kick, of which a client that listens hears.
func (a *actor) kick() {
	if a.conn.Kick("kicked", "enough") != nil {
		return
	}
	a.kicks++
	for start := time.Now(); !a.ended && !a.gone && time.Since(start) < 3*time.Second; {
		a.hear()
	}
	if !a.gone && (!a.ended || !a.kicked) {
		a.t.Errorf("after a kick: kicked %v, ended %v", a.kicked, a.ended)
	}
}

// push has the server push a number.
func (a *actor) push(size int) {
	if a.conn == nil {
		return
	}
	err := a.conn.Push("p", append(binary.BigEndian.AppendUint32(nil, a.pushed), make([]byte, size)...))
	switch {
	case err == nil && a.conn.session.Err() != nil:
		a.t.Error("a push to a closed session is accepted")
	case err == nil:
		a.pushed++
	case err != session.ErrClosed && err != ErrSlow:
		a.t.Errorf("push: %v", err)
	}
}

// hear takes what there is.
func (a *actor) hear() {
	for !a.gone && !a.ended {
		_ = a.SetReadDeadline(time.Now().Add(time.Millisecond))
		pk, err := a.next()
		switch {
		case err == io.EOF:
			a.ended = true
		case isTimeout(err):
			return
		case err != nil:
			a.t.Errorf("the connection ended with %v", err)
			a.ended = true
		default:
			a.packet(pk)
		}
	}
}

func (a *actor) packet(pk wire.Packet) {
	switch {
	case a.kicked || a.refused:
		a.t.Errorf("a %v after the last packet", pk.Type)
	case pk.Type == wire.PacketHandshake && !a.replied:
		a.replied = true
		a.refused = !strings.HasPrefix(string(pk.Body), `{"code":200`)
	case !a.replied:
		a.t.Errorf("a %v before the handshake's reply", pk.Type)
	case pk.Type == wire.PacketKick:
		a.kicked = true
	case !a.acked:
		a.t.Errorf("a %v before the ack", pk.Type)
	case pk.Type == wire.PacketHeartbeat:
	case pk.Type == wire.PacketData:
		a.message(pk.Body)
	default:
		a.t.Errorf("a %v", pk.Type)
	}
}

func (a *actor) message(body []byte) {
	m, err := wire.ParseMessage(body)
	switch {
	case err != nil:
		a.t.Error(err)
	case m.Type == wire.Push:
		if n := binary.BigEndian.Uint32(m.Payload); n != a.pushes {
			a.t.Errorf("push %d comes where %d is due", n, a.pushes)
		}
		a.pushes++
	case m.Type == wire.Response:
		if a.answered[m.ID] || string(m.Payload) != strconv.FormatUint(m.ID, 10) {
			a.t.Errorf("answer %q to %d, which was answered: %v", m.Payload, m.ID, a.answered[m.ID])
		}
		a.answered[m.ID] = true
	default:
		a.t.Errorf("a %v from the server", m.Type)
	}
}
