package nano_test

import (
	"bufio"
	"context"
	"net"
	"regexp"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/lonng/nano"
	"github.com/lonng/nano/internal/doubles"
	"github.com/lonng/nano/serialize/json"
)

// listening is a run of nano.Listen, in real time and over sockets.
type listening struct {
	t     *testing.T
	addr  string
	log   *logBook
	ended chan error
}

var listenAddress = regexp.MustCompile(`address=(\S+)`)

// listen runs nano.Listen until the test has ended, or end is called. JSON is the serializer.
func listen(t *testing.T, opts ...nano.Option) *listening {
	t.Helper()
	l := &listening{t: t, log: newLogBook(), ended: make(chan error, 1)}
	opts = append([]nano.Option{nano.WithSerializer(json.NewSerializer()), l.log.option()}, opts...)
	go func() {
		defer close(l.ended)
		l.ended <- nano.Listen("127.0.0.1:0", opts...)
	}()
	t.Cleanup(func() { l.end() })
	l.addr = listenAddress.FindStringSubmatch(l.log.await(t, "nano: listening", 1))[1]
	return l
}

// end shuts down and returns what Listen returned; the second time nil.
func (l *listening) end() error {
	l.t.Helper()
	nano.Shutdown()
	return l.wait()
}

// wait waits for the end of Listen.
func (l *listening) wait() error {
	l.t.Helper()
	select {
	case err := <-l.ended:
		return err
	case <-time.After(20 * time.Second):
		l.t.Fatal("Listen does not return")
		return nil
	}
}

// dial connects a socket.
func (l *listening) dial() net.Conn {
	l.t.Helper()
	conn, err := net.Dial("tcp", l.addr)
	if err != nil {
		l.t.Fatal(err)
	}
	return conn
}

// client connects a client.
func (l *listening) client() *doubles.Double {
	l.t.Helper()
	c := doubles.Starx(l.t, l.dial())
	if err := c.Connect(); err != nil {
		l.t.Fatal(err)
	}
	return c
}

// dialPath upgrades conn at a path. An answer other than 101 is a ws.StatusError.
func dialPath(t *testing.T, conn net.Conn, path, origin string) (*protoWS, error) {
	t.Helper()
	dialer := ws.Dialer{NetDial: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}
	if origin != "" {
		dialer.Header = ws.HandshakeHeaderHTTP{"Origin": {origin}}
	}
	_, in, _, err := dialer.Dial(context.Background(), "ws://game.example"+path)
	if err != nil {
		conn.Close()
		return nil, err
	}
	if in == nil {
		in = bufio.NewReader(conn)
	}
	return &protoWS{Conn: conn, t: t, in: in}, nil
}

// request sends a request and returns the body of its answer.
func request(t *testing.T, c *doubles.Double, route, body string) string {
	t.Helper()
	answer, err := c.Request(route, body)
	if err != nil || answer.Failed {
		t.Fatalf("%s: %v, %s", route, err, answer.Body)
	}
	return string(answer.Body)
}
