package main

import (
	"bufio"
	"net"
	"net/http"

	"github.com/lxzan/gws"
)

type gwsEcho struct{ gws.BuiltinEventHandler }

func (gwsEcho) OnMessage(c *gws.Conn, m *gws.Message) {
	defer m.Close()
	_ = c.WriteMessage(m.Opcode, m.Bytes())
}

// serveGws does what gws.Server does, but ends when the listener is closed.
func serveGws(l net.Listener) error {
	u := gws.NewUpgrader(gwsEcho{}, &gws.ServerOption{ReadMaxPayloadSize: limit})
	return accept(l, func(c net.Conn) {
		from := bufio.NewReader(c)
		r, err := http.ReadRequest(from)
		if err != nil {
			return
		}
		if socket, err := u.UpgradeFromConn(c, from, r); err == nil {
			socket.ReadLoop()
		}
	})
}
