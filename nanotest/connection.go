package nanotest

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/lonng/nano/wire"
)

// shake does the handshake.
func (c *Client) shake() error {
	if err := c.write(wire.AppendPacket(nil, wire.PacketHandshake, []byte(c.handshake))); err != nil {
		return err
	}
	select {
	case <-c.shaken:
	case <-c.ended:
		select {
		case <-c.shaken: // it came before the end
		default:
			return ErrClosed
		}
	case <-time.After(Timeout):
		return fmt.Errorf("no reply to the handshake within %v", Timeout)
	}
	var r struct {
		Code int    `json:"code"`
		Msg  string `json:"msg"`
		Sys  struct {
			Dict map[string]uint16 `json:"dict"`
		} `json:"sys"`
	}
	if err := c.HandshakeReply(&r); err != nil {
		return err
	}
	if r.Code != wire.HandshakeOK {
		return fmt.Errorf("refused with %d: %s", r.Code, r.Msg)
	}
	c.mu.Lock()
	c.dict = make(map[uint16]string, len(r.Sys.Dict))
	for route, code := range r.Sys.Dict {
		c.dict[code] = route
	}
	c.mu.Unlock()
	return c.write(wire.AppendPacket(nil, wire.PacketAck, nil))
}

func (c *Client) send(h wire.Head, payload []byte) error {
	b, err := wire.AppendMessage(nil, h, payload)
	if err != nil {
		return err
	}
	return c.write(wire.AppendPacket(nil, wire.PacketData, b))
}

func (c *Client) write(packet []byte, err error) error {
	if err != nil {
		return err
	}
	if _, err := c.nc.Write(packet); err != nil {
		return fmt.Errorf("%w: %w", ErrClosed, err)
	}
	return nil
}

// read takes what comes until the connection has ended.
func (c *Client) read() {
	defer close(c.readEnded)
	defer close(c.ended)
	var got []byte
	buf := make([]byte, 4<<10)
	for {
		n, err := c.nc.Read(buf)
		got = append(got, buf[:n]...)
		for {
			p, rest, err := wire.ParsePacket(got, wire.MaxBody)
			if err != nil {
				break
			}
			c.packet(p)
			got = rest
		}
		if err != nil {
			return
		}
	}
}

func (c *Client) packet(p wire.Packet) {
	body := append([]byte(nil), p.Body...)
	switch p.Type {
	case wire.PacketHandshake:
		c.mu.Lock()
		c.reply = body
		c.mu.Unlock()
		close(c.shaken)
	case wire.PacketHeartbeat:
		_ = c.write(wire.AppendPacket(nil, wire.PacketHeartbeat, nil))
	case wire.PacketKick:
		var kick wire.KickBody
		_ = json.Unmarshal(body, &kick)
		c.mu.Lock()
		c.kick = &kick
		c.mu.Unlock()
		_ = c.nc.Close()
	case wire.PacketData:
		if m, err := wire.ParseMessage(body); err == nil {
			c.message(m)
		}
	}
}

func (c *Client) message(m wire.MessageView) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.Type == wire.Response {
		if ch := c.pending[m.ID]; ch != nil {
			select {
			case ch <- reply{m.Payload, m.IsError}:
			default: // a second answer
			}
		}
		return
	}
	route := string(m.Route)
	if m.Code != 0 {
		route = c.dict[m.Code]
	}
	c.pushes = append(c.pushes, push{route, m.Payload})
	if c.arrived != nil {
		close(c.arrived)
		c.arrived = nil
	}
}
