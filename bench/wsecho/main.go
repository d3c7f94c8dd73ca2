// Command wsecho sends every WebSocket message back as it came, over one of three libraries and nothing
// else: what WebSocket takes before a framework takes anything. A client of nano's protocol takes the
// echo of its request for the response.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"

	"github.com/lonng/nano/bench/internal/control"
)

const limit = 1 << 20 // bytes of a message

func main() {
	lib := flag.String("lib", "gobwas", "gobwas, gws or coder")
	control.Main(func(ctx context.Context, o control.Options) error {
		l, err := o.Listen(ctx)
		if err != nil {
			return err
		}
		switch *lib {
		case "gobwas":
			return serveGobwas(l)
		case "gws":
			return serveGws(l)
		case "coder":
			return serveCoder(l)
		}
		return fmt.Errorf("wsecho: no library %q", *lib)
	})
}

// accept calls serve for each connection, in a goroutine of its own.
func accept(l net.Listener, serve func(net.Conn)) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			serve(c)
		}()
	}
}
