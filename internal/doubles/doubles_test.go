package doubles

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano/internal/memnet"
)

// reports collects what a double finds wrong.
type reports struct {
	t *testing.T

	mu   sync.Mutex
	list []string
}

func (r *reports) Cleanup(fn func()) { r.t.Cleanup(fn) }

func (r *reports) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, fmt.Sprintf(format, args...))
}

func (r *reports) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.list, "\n")
}

// server is the other end of a double: a script.
type server struct {
	t    *testing.T
	conn net.Conn
	got  []byte
}

func (s *server) send(packets ...[]byte) {
	s.t.Helper()
	for _, p := range packets {
		if _, err := s.conn.Write(p); err != nil && !strings.Contains(err.Error(), "pipe") {
			s.t.Fatal(err)
		}
	}
	synctest.Wait()
}

// take returns the next packet of the double.
func (s *server) take() packet {
	s.t.Helper()
	buf := make([]byte, 1024)
	for {
		if p, rest, ok := cutPacket(s.got); ok {
			s.got = rest
			return p
		}
		n, err := s.conn.Read(buf)
		if err != nil {
			s.t.Fatal(err)
		}
		s.got = append(s.got, buf[:n]...)
	}
}

// shake answers the handshake, takes the ack and sends a heartbeat.
func (s *server) shake(reply string) {
	s.t.Helper()
	if p := s.take(); p.kind != handshakePacket {
		s.t.Fatalf("a packet of type %d", p.kind)
	}
	s.send(pack(handshakePacket, reply))
	if p := s.take(); p.kind != ackPacket {
		s.t.Fatalf("a packet of type %d", p.kind)
	}
	s.send(beatPacket)
}

func pack(kind byte, body string) []byte { return appendPacket(nil, kind, []byte(body)) }

var beatPacket = pack(heartbeatPacket, "")

// data is a packet with a message; the id or route is part of rest.
func data(flag byte, rest string) []byte { return pack(dataPacket, string([]byte{flag})+rest) }

func responseTo(id uint64, flag byte, body string) []byte {
	return data(response<<1|flag, string(binary.AppendUvarint(nil, id))+body)
}

func textPush(route, body string) []byte {
	return data(push<<1, string([]byte{byte(len(route))})+route+body)
}

// now is the servertime of fake time's beginning.
const now = `"servertime":946684800`

var families = []struct {
	make  func(Reporter, net.Conn) *Double
	reply string
}{
	{Starx, `{"code":200,"sys":{"heartbeat":30,` + now + `,"dict":{"say":1,"onSaid":258}},"user":{"n":1}}`},
	{Pomelo, `{"code":200,"sys":{"heartbeat":30,` + now + `,"dict":{"say":1,"onSaid":258},"useDict":true,
		"routeToCode":{"say":1,"onSaid":258},"codeToRoute":{"1":"say","258":"onSaid"},"dictVersion":"a"},"user":{"n":1}}`},
	{Pitaya, `{"code":200,"sys":{"heartbeat":30,"dict":{"say":1,"onSaid":258},"serializer":"json"},"user":{"n":1}}`},
	{Connector, `{"code":200,"sys":{"heartbeat":30,` + now + `,"dict":{"say":1,"onSaid":258}},"user":{"n":1}}`},
	{Level1, `{"code":200,"sys":{"heartbeat":30,` + now + `,"dict":{"say":1,"onSaid":258},"serializer":"json"},"user":{"n":1}}`},
}

// each runs a test against a double of each family that has shaken hands.
func each(t *testing.T, test func(t *testing.T, d *Double, s *server, r *reports)) {
	for _, f := range families {
		t.Run(f.make(&reports{t: t}, closedConn()).Name(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &reports{t: t}
				d, s := connect(t, r, f.make, f.reply)
				test(t, d, s, r)
			})
		})
	}
}

func closedConn() net.Conn {
	a, b := memnet.Pipe(0)
	_ = b.Close()
	return a
}

func connect(t *testing.T, r *reports, family func(Reporter, net.Conn) *Double, reply string) (*Double, *server) {
	a, b := memnet.Pipe(0)
	t.Cleanup(func() { _ = b.Close() })
	d, s := family(r, a), &server{t: t, conn: b}
	shaken := make(chan error, 1)
	go func() { shaken <- d.Connect() }()
	s.shake(reply)
	if err := <-shaken; err != nil && r.String() == "" {
		t.Fatal(err)
	}
	return d, s
}

// A server that does all of it right is not reported.
func TestGoodServer(t *testing.T) {
	each(t, func(t *testing.T, d *Double, s *server, r *reports) {
		answer := d.Go("say", `{"a":1}`)
		p := s.take()
		coded := d.Name() != "pitaya"
		flag := p.body[0]
		if p.kind != dataPacket || coded != (flag&codedBit != 0) || (d.Name() == "pitaya") != (flag&deflatedBit != 0) {
			t.Errorf("the request is %d %q", p.kind, p.body)
		}
		s.send(responseTo(1, 0, `{"b":2}`))
		if a, err := answer(); err != nil || string(a.Body) != `{"b":2}` || a.Failed {
			t.Errorf("%s %v", a.Body, err)
		}
		if coded {
			s.send(data(push<<1|codedBit, "\x01\x02[1]"))
		} else {
			s.send(textPush("onSaid", "[1]"))
		}
		s.send(textPush("onOther", "[2]"), beatPacket)
		for route, want := range map[string]string{"onOther": "[2]", "onSaid": "[1]"} {
			if got, err := d.Next(route); err != nil || string(got) != want {
				t.Errorf("%s: %s %v", route, got, err)
			}
		}
		if string(d.User()) != `{"n":1}` {
			t.Errorf("user %s", d.User())
		}
		s.send(pack(kickPacket, `{"code":"kicked","reason":"why not"}`))
		_ = s.conn.Close()
		if k, err := d.Kicked(); err != nil || *k != (Kick{"kicked", "why not"}) {
			t.Errorf("%v %v", k, err)
		}
		if r.String() != "" {
			t.Error(r)
		}
	})
}

// What every family finds wrong.
func TestBadServer(t *testing.T) {
	for name, test := range map[string]struct {
		packets []byte
		want    string
	}{
		"second reply":       {pack(handshakePacket, `{}`), "second reply"},
		"packet type":        {pack(9, ""), "packet of type 9"},
		"ack":                {pack(ackPacket, ""), "packet of type 2"},
		"no message":         {pack(dataPacket, ""), "cut off"},
		"response cut":       {data(response<<1, ""), "cut off"},
		"route cut":          {data(push<<1, "\x09on"), "cut off"},
		"request":            {data(request<<1, "\x01\x01a{}"), "message of type 0"},
		"reserved bits":      {data(push<<1|0x40, "\x01a{}"), "reserved bits"},
		"coded response":     {data(response<<1|codedBit, "\x01{}"), "bit of a route code"},
		"error push":         {data(push<<1|errorBit, "\x01a{}"), "push with the error bit"},
		"not asked":          {responseTo(7, 0, `{}`), "not asked"},
		"no JSON":            {textPush("a", `{`), "no JSON"},
		"empty error":        {responseTo(7, errorBit, ``), "no JSON"},
		"no deflated body":   {data(push<<1|deflatedBit, "\x01anonsense"), "deflated body"},
		"unknown code":       {data(push<<1|codedBit, "\x00\x63{}"), "route code 99"},
		"beat with body":     {pack(heartbeatPacket, "\x01"), "heartbeat with a body"},
		"empty kick":         {pack(kickPacket, ""), "kick's body"},
		"kick without code":  {pack(kickPacket, `{"reason":"x"}`), "kick without a code"},
		"more after a kick":  {append(pack(kickPacket, `{"code":"x"}`), beatPacket...), "after the kick"},
		"ends in a packet":   {[]byte{4, 0, 0, 9, 6}, "ended within a packet"},
		"route is no string": {data(push<<1, "\x01\xff{}"), "no UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *Double, s *server, r *reports) {
				s.send(test.packets)
				_ = s.conn.Close()
				<-d.Ended()
				if !strings.Contains(r.String(), test.want) {
					t.Errorf("reported %q, want %q", r, test.want)
				}
			})
		})
	}
}

// What only some trip over.
func TestBadForSome(t *testing.T) {
	for name, test := range map[string]struct {
		packets []byte
		want    string
		who     string
	}{
		"empty push":     {textPush("a", ""), "no JSON", "starx pomelo pitaya"},
		"coded push":     {data(push<<1|codedBit, "\x01\x02[1]"), "route code 258", "pitaya"},
		"push as text":   {textPush("onSaid", "1"), "in spite of the dictionary", "starx pomelo connector level 1"},
		"deflated":       {data(push<<1|deflatedBit, "\x01a"+string(deflate([]byte("1")))), "deflated body", "starx pomelo connector level 1"},
		"twice answered": {append(responseTo(1, 0, `1`), responseTo(1, 0, `1`)...), "second response", "starx pomelo pitaya connector level 1"},
		"odd error body": {responseTo(1, errorBit, `{"msg":"x"}`), "error body without code", "starx pomelo pitaya connector level 1"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *Double, s *server, r *reports) {
				d.Go("say", "{}")
				s.send(test.packets)
				got := r.String()
				if strings.Contains(test.who, d.Name()) {
					if !strings.Contains(got, test.want) {
						t.Errorf("reported %q, want %q", got, test.want)
					}
				} else if got != "" {
					t.Errorf("reported %q", got)
				}
			})
		})
	}
}

func TestBadReplies(t *testing.T) {
	for _, test := range []struct {
		family      int
		reply, want string
	}{
		{0, `{"code":200,"sys":{` + now + `}}`, "no sys.heartbeat"},
		{0, `{"code":200,"sys":{"heartbeat":30}}`, "no sys.servertime"},
		{0, `{"code":200,"sys":{"heartbeat":30,"servertime":1}}`, "sys.servertime is 1"},
		{0, `{"code":200,"sys":{"heartbeat":30,"servertime":946684800.5}}`, "sys.servertime is"},
		{0, `{"code":200,"sys":{"heartbeat":30.0,` + now + `}}`, "and not 30"},
		{0, `{"code":200,"sys":{"heartbeat":"30",` + now + `}}`, "sys.heartbeat is"},
		{0, `{"code":200,"sys":{"heartbeat":-1,` + now + `}}`, "sys.heartbeat is -1"},
		{0, `{"code":200,"sys":{"heartbeat":30,` + now + `,"serializer":"json"}}`, "has sys.serializer"},
		{0, `{"code":200,"sys":{"heartbeat":30,` + now + `,"useDict":true}}`, "has sys.useDict"},
		{0, `{"code":200,"sys":{"heartbeat":30,` + now + `,"dict":null}}`, "sys.dict is null"},
		{0, `{"code":200,"sys":{"heartbeat":30,` + now + `,"dict":{"a":0}}}`, "0 or twice"},
		{0, `{"code":200,"sys":{"heartbeat":30,` + now + `,"dict":{"a":1,"b":1}}}`, "0 or twice"},
		{0, `{"code":200}`, "no sys"},
		{0, `{"code":200,"sys":{"heartbeat":30,` + now + `},"more":1}`, "does not belong"},
		{0, `{"code":500,"sys":{}}`, "does not belong"},
		{0, `x` + string(deflate([]byte(`{}`))), "the handshake's reply"},
		{1, `{"code":200,"sys":{"heartbeat":30,` + now + `,"useDict":true,"routeToCode":{}}}`, "without sys.codeToRoute"},
		{1, `{"code":200,"sys":{"heartbeat":30,` + now + `,"useDict":true,"routeToCode":{"a":1},"codeToRoute":{"1":"b"},"dictVersion":"1"}}`, "differ"},
		{1, `{"code":200,"sys":{"heartbeat":30,` + now + `,"useDict":true,"routeToCode":{"a":1},"codeToRoute":{},"dictVersion":"1"}}`, "codeToRoute is"},
		{2, `{"code":200,"sys":{"heartbeat":0,"dict":{},"serializer":"json"}}`, "fatal: sys.heartbeat is 0"},
		{2, `{"code":200,"sys":{"heartbeat":0.5,"dict":{},"serializer":"json"}}`, "fatal: sys.heartbeat is 0.5"},
		{2, `{"code":200,"sys":{"heartbeat":30.0,"dict":{},"serializer":"json"}}`, "fatal: sys.heartbeat"},
		{2, `{"code":200,"sys":{"heartbeat":30,"serializer":"json"}}`, "no sys.dict"},
		{2, `{"code":200,"sys":{"heartbeat":30,"dict":{}}}`, "no sys.serializer"},
		{2, `{"code":200,"sys":{"heartbeat":30,"dict":{},"serializer":"json","useDict":true}}`, "fatal: sys.useDict"},
		{2, `{"code":200,"sys":{"heartbeat":30,"dict":{},"serializer":"json",` + now + `}}`, "has sys.servertime"},
		{4, `{"code":200,"sys":{"heartbeat":30,` + now + `}}`, "no sys.serializer"},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := &reports{t: t}
			a, b := memnet.Pipe(0)
			defer b.Close()
			d, s := families[test.family].make(r, a), &server{t: t, conn: b}
			go d.Connect()
			s.take()
			s.send(pack(handshakePacket, test.reply))
			d.Close()
			if !strings.Contains(r.String(), test.want) {
				t.Errorf("%s double, %s: reported %q, want %q", d.Name(), test.reply, r, test.want)
			}
		})
	}
}

func TestBeforeTheReply(t *testing.T) {
	for _, p := range [][]byte{beatPacket, pack(kickPacket, `{"code":"x"}`), textPush("a", "1")} {
		synctest.Test(t, func(t *testing.T) {
			r := &reports{t: t}
			a, b := memnet.Pipe(0)
			defer b.Close()
			d, s := Starx(r, a), &server{t: t, conn: b}
			s.send(p)
			d.Close()
			if !strings.Contains(r.String(), "before the handshake's reply") {
				t.Errorf("reported %q", r)
			}
		})
	}
}

func TestRefusal(t *testing.T) {
	for _, code := range []int{400, 500, 501} {
		synctest.Test(t, func(t *testing.T) {
			r := &reports{t: t}
			a, b := memnet.Pipe(0)
			defer b.Close()
			d, s := Starx(r, a), &server{t: t, conn: b}
			go func() {
				s.take()
				_, _ = b.Write(pack(handshakePacket, fmt.Sprintf(`{"code":%d,"msg":"no"}`, code)))
			}()
			refused, ok := errors.AsType[*Refused](d.Connect())
			if !ok || *refused != (Refused{code == 501, code, "no"}) {
				t.Errorf("%+v", refused)
			}
			s.send(beatPacket)
			if !strings.Contains(r.String(), "after the refusal") {
				t.Errorf("reported %q", r)
			}
		})
	}
}

// Who sends heartbeats when, and who gives a silent server up.
func TestBeats(t *testing.T) {
	const interval = 30 * time.Second
	each(t, func(t *testing.T, d *Double, s *server, r *reports) {
		begin := time.Now()
		for range 4 {
			<-time.After(interval - time.Second)
			s.send(beatPacket)
		}
		synctest.Wait()
		_, sent := d.Beats()
		var after []time.Duration
		for _, at := range sent {
			after = append(after, at.Sub(begin)/time.Second)
		}
		want := map[string]string{
			"starx":     "[30 88]", // every other of the server's finds one due already
			"pomelo":    "[30 88]",
			"pitaya":    "[30 88]",
			"connector": "[]",
			"level 1":   "[30 60 90]",
		}[d.Name()]
		if got := fmt.Sprintf("%d", after); got != want {
			t.Errorf("sent after %v s, want %s", got, want)
		}
		if r.String() != "" {
			t.Error(r)
		}
		<-time.After(5 * interval) // silence
		synctest.Wait()
		if silent := strings.Contains(r.String(), "silent for two intervals"); silent != (d.Name() != "connector") {
			t.Errorf("reported %q", r)
		}
	})
}
