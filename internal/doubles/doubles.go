// Package doubles has a stand-in for each family of clients that nano serves, written from the protocol's text and from
// nothing of nano's own: what a server does wrong, and a client of that family would trip over, fails the test.
//
//	ann := doubles.Starx(t, conn) // nano's and Pomelo's JavaScript client
//	if err := ann.Connect(); err != nil {
//		t.Fatal(err)
//	}
//	answer, err := ann.Request("room.join", `{"name":"ann"}`)
//	line, err := ann.Next("onMessage")
//
// Bodies are JSON, so the server must use that. A double works over any net.Conn, in real time and in the fake time of
// testing/synctest.
package doubles

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Patience is how long a double waits for what a test expects of it.
const Patience = 10 * time.Second

var (
	// ErrEnded is returned when the connection ended before what was waited for came.
	ErrEnded = errors.New("doubles: the connection has ended")
	// ErrPatience is returned when what was waited for did not come in time.
	ErrPatience = fmt.Errorf("doubles: nothing came within %v", Patience)
)

// Reporter takes what the server did wrong. A testing.TB is one.
type Reporter interface {
	Errorf(format string, args ...any)
	Cleanup(func())
}

// Refused is the error of a handshake that was refused.
type Refused struct {
	TooOld bool // 501, all that the JavaScript clients tell apart
	Code   int
	Msg    string
}

func (r *Refused) Error() string { return fmt.Sprintf("doubles: refused with %d: %s", r.Code, r.Msg) }

// Answer is a response.
type Answer struct {
	Body json.RawMessage
	// Failed is whether it came with the error bit. The JavaScript clients do not look at it.
	Failed bool
}

// Kick is what the server said when it ended the connection.
type Kick struct {
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// Double is a client. Its methods may be called from any goroutine.
type Double struct {
	// static
	report Reporter
	conn   net.Conn
	traits traits
	ended  chan struct{} // closed when the reader has ended

	writing chan struct{} // holds one token; whoever writes has it

	mu      sync.Mutex // guards what follows
	shaken  bool
	acked   bool
	closed  bool // by this side
	crashed bool
	news    chan struct{} // closed and replaced when something below has changed
	reply   *reply
	refused *Refused
	lastID  uint64
	pending map[uint64]*Answer // nil until it came
	pushes  []received
	codes   map[string]uint16
	routes  map[uint16]string
	kick    *Kick
	beat    beat
}

type received struct {
	route string
	body  json.RawMessage
}

func newDouble(r Reporter, conn net.Conn, t traits) *Double {
	d := &Double{
		report:  r,
		conn:    conn,
		traits:  t,
		ended:   make(chan struct{}),
		writing: make(chan struct{}, 1),
		news:    make(chan struct{}),
		pending: make(map[uint64]*Answer),
	}
	go d.read()
	r.Cleanup(d.Close)
	return d
}

// Name returns the name of the family.
func (d *Double) Name() string { return d.traits.name }

// Connect does the handshake and sends the ack. The error is a *Refused, ErrEnded or ErrPatience.
func (d *Double) Connect() error {
	d.send(handshakePacket, []byte(d.traits.handshake))
	err := d.await(func() bool { return d.acked || d.refused != nil })
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.refused != nil {
		return d.refused
	}
	return err
}

// User returns the user of the handshake's reply, nil when there is none.
func (d *Double) User() json.RawMessage {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.reply == nil {
		return nil
	}
	return d.reply.User
}

// Request sends a request with a body of JSON and waits for the response.
func (d *Double) Request(route, body string) (Answer, error) { return d.Go(route, body)() }

// Go sends a request and returns a function that waits for the response.
func (d *Double) Go(route, body string) func() (Answer, error) {
	d.mu.Lock()
	d.lastID++
	id := d.lastID
	d.pending[id] = nil
	d.mu.Unlock()
	d.data(message{kind: request, id: id, route: route, body: []byte(body)})
	return func() (a Answer, err error) {
		err = d.await(func() bool { return d.pending[id] != nil })
		if err == nil {
			d.mu.Lock()
			a = *d.pending[id]
			d.mu.Unlock()
		}
		return a, err
	}
}

// Notify sends a message that has no response.
func (d *Double) Notify(route, body string) {
	d.data(message{kind: notify, route: route, body: []byte(body)})
}

// Next waits for the next push with a route; pushes with other routes stay for later.
func (d *Double) Next(route string) (body json.RawMessage, err error) {
	err = d.await(func() bool {
		for i, p := range d.pushes {
			if p.route == route {
				body = p.body
				d.pushes = append(d.pushes[:i:i], d.pushes[i+1:]...)
				return true
			}
		}
		return false
	})
	return body, err
}

// Kicked waits for the end of the connection and returns what the server said before, nil if it said nothing.
func (d *Double) Kicked() (*Kick, error) {
	select {
	case <-d.ended:
	case <-time.After(Patience):
		return nil, ErrPatience
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.kick, nil
}

// Ended is closed when the connection has ended.
func (d *Double) Ended() <-chan struct{} { return d.ended }

// Beats returns when heartbeats came and when they were sent.
func (d *Double) Beats() (came, sent []time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append(came, d.beat.came...), append(sent, d.beat.sent...)
}

// Close closes the connection.
func (d *Double) Close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	_ = d.conn.Close()
	<-d.ended
}

// await waits until ready, called with mu held, returns true.
func (d *Double) await(ready func() bool) error {
	patience := time.NewTimer(Patience)
	defer patience.Stop()
	for {
		d.mu.Lock()
		ok, news := ready(), d.news
		d.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-news:
			continue
		default:
		}
		select {
		case <-news:
		case <-d.ended:
			d.mu.Lock()
			ok = ready()
			d.mu.Unlock()
			if ok {
				return nil
			}
			return ErrEnded
		case <-patience.C:
			return ErrPatience
		}
	}
}

// tell wakes those who await. Called with mu held.
func (d *Double) tell() {
	close(d.news)
	d.news = make(chan struct{})
}

// data sends a message as the family writes it.
func (d *Double) data(m message) {
	d.mu.Lock()
	m.code, m.coded = d.codes[m.route]
	d.mu.Unlock()
	if d.traits.deflates {
		m.body, m.deflated = deflate(m.body), true
	}
	d.send(dataPacket, appendMessage(nil, m))
}

// send writes a packet. A failure shows at the reader.
func (d *Double) send(kind byte, body []byte) {
	d.writing <- struct{}{}
	_, _ = d.conn.Write(appendPacket(nil, kind, body))
	<-d.writing
}
