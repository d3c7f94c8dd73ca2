package memnet_test

import (
	"context"
	"fmt"
	"io"
	"net"

	"github.com/lonng/nano/internal/memnet"
)

func ExampleListen() {
	l := memnet.Listen("game")
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		io.WriteString(conn, "hello from "+conn.LocalAddr().String())
	}()

	conn, err := l.Dial(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	text, err := io.ReadAll(conn)
	fmt.Println(string(text), err)
	// Output: hello from game <nil>
}

func ExampleListener_DialFrom() {
	l := memnet.Listen("game")
	defer l.Close()
	from := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 1234}
	client, err := l.DialFrom(context.Background(), from)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	server, err := l.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	fmt.Println(server.RemoteAddr())
	// Output: 192.0.2.7:1234
}

func ExamplePipe() {
	client, server := memnet.Pipe(0)
	defer client.Close()
	io.WriteString(server, "kick") // nobody reads yet
	server.CloseWrite()
	text, err := io.ReadAll(client)
	fmt.Println(string(text), err)
	// Output: kick <nil>
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

func ExampleConn_ReadLazily() {
	client, server := memnet.Pipe(0)
	defer client.Close()
	io.WriteString(client, "ping")
	var buf pooled
	n, err := server.ReadLazily(&buf)
	fmt.Println(string(buf.b[:n]), err)
	// Output: ping <nil>
}

func ExampleConn_Reset() {
	client, server := memnet.Pipe(0)
	io.WriteString(client, "last words")
	client.Reset()
	_, err := server.Read(make([]byte, 100))
	fmt.Println(err)
	// Output: read mem pipe->pipe: connection reset by peer
}
