package ws_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"

	gobwas "github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/lonng/nano/internal/memnet"
	"github.com/lonng/nano/transport/ws"
)

// dial is a client's side of the examples.
func dial(inner *memnet.Listener, url string) (net.Conn, error) {
	d := gobwas.Dialer{
		NetDial:   func(ctx context.Context, _, _ string) (net.Conn, error) { return inner.Dial(ctx) },
		Protocols: []string{"nano"},
	}
	conn, r, _, err := d.Dial(context.Background(), url)
	if r != nil { // what came behind the response
		conn = behind{conn, r}
	}
	return conn, err
}

type behind struct {
	net.Conn
	r *bufio.Reader
}

func (b behind) Read(p []byte) (int, error) { return b.r.Read(p) }

func ExampleNewListener() {
	inner := memnet.Listen("game") // or net.Listen("tcp", ":8080")
	l := ws.NewListener(inner, ws.Config{Path: "/game"})
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		io.Copy(conn, conn)
	}()

	client, err := dial(inner, "ws://game.example/game")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	wsutil.WriteClientBinary(client, []byte("hello"))
	echo, err := wsutil.ReadServerBinary(client)
	fmt.Println(string(echo), err)
	// Output: hello <nil>
}

// A page and the game it loads, on one port.
func ExampleConfig() {
	pages := http.NewServeMux()
	pages.HandleFunc("/web/", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "a page") })
	inner := memnet.Listen("game")
	l := ws.NewListener(inner, ws.Config{Handler: pages, Subprotocols: []string{"nano"}})
	defer l.Close()

	browser := http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return inner.Dial(ctx) },
	}}
	defer browser.CloseIdleConnections()
	resp, err := browser.Get("http://game.example/web/")
	if err != nil {
		fmt.Println(err)
		return
	}
	page, err := io.ReadAll(resp.Body)
	fmt.Println(string(page), err)

	client, err := dial(inner, "ws://game.example/anywhere?token=x")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	conn, err := l.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	fmt.Println(conn.(*ws.Conn).RequestURI(), conn.(*ws.Conn).Subprotocol())
	// Output:
	// a page <nil>
	// /anywhere?token=x nano
}

// What a server does so that its last words arrive.
func ExampleConn_CloseWith() {
	inner := memnet.Listen("game")
	l := ws.NewListener(inner, ws.Config{})
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		conn.Write([]byte("you lost"))
		conn.(*ws.Conn).CloseWith(4000, "game over")
		io.Copy(io.Discard, conn) // under a read deadline
	}()

	client, err := dial(inner, "ws://game.example/")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	wsutil.WriteClientBinary(client, []byte("a message that crosses"))
	for {
		msg, err := wsutil.ReadServerBinary(client)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(string(msg))
	}
	// Output:
	// you lost
	// ws closed: 4000 game over
}

// pooled lends the bytes that a connection reads into.
type pooled struct{ b []byte }

func (p *pooled) Lend() []byte {
	if p.b == nil {
		p.b = make([]byte, 512) // say, from a pool
	}
	return p.b
}

func (p *pooled) GiveBack() { p.b = nil } // say, to the pool

// A reader that holds a buffer only while there is something in it.
func ExampleConn_ReadLazily() {
	inner := memnet.Listen("game")
	l := ws.NewListener(inner, ws.Config{})
	defer l.Close()
	client, err := dial(inner, "ws://game.example/")
	if err != nil {
		fmt.Println(err)
		return
	}
	wsutil.WriteClientMessage(client, gobwas.OpPing, nil)
	wsutil.WriteClientBinary(client, []byte("hello"))
	client.(interface{ CloseWrite() error }).CloseWrite()

	conn, err := l.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	var all bytes.Buffer
	var buf pooled
	for {
		n, err := conn.(*ws.Conn).ReadLazily(&buf)
		all.Write(buf.b[:n])
		buf.GiveBack()
		if err != nil {
			fmt.Println(all.String(), err)
			return
		}
	}
	// Output: hello EOF
}
