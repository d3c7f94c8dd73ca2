// Command floor is the least that a server of nano's frames can do: bare net, a goroutine a
// connection, one read, all its answers, one write. It checks nothing that it need not know, and shows
// what the machine takes before a framework takes anything.
package main

import (
	"context"
	"net"

	"github.com/lonng/nano/bench/internal/control"
)

func main() { control.Main(serve) }

func serve(ctx context.Context, o control.Options) error {
	l, err := o.Listen(ctx)
	if err != nil {
		return err
	}
	rooms := newRooms()
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go serveConn(c, rooms)
	}
}

func serveConn(c net.Conn, rooms *rooms) {
	p := &peer{conn: c, rooms: rooms}
	defer p.close()
	p.run()
}
