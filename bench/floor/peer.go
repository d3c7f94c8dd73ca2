package main

import (
	"encoding/binary"
	"net"

	"github.com/lonng/nano/bench/internal/game"
)

const (
	handshake = 1
	data      = 4
	headerLen = 4
	firstRead = 4 << 10 // bytes of a connection's buffers at first; they double when a read fills them
)

const reply = `{"code":200,"sys":{"heartbeat":30}}`

// A peer is one connection.
type peer struct {
	conn  net.Conn
	rooms *rooms
	room  *room // the one that it is in
	slot  int   // its place in that
	out   []byte
}

func (p *peer) close() {
	if p.room != nil {
		p.room.leave(p)
	}
	_ = p.conn.Close()
}

func (p *peer) run() {
	in := make([]byte, firstRead)
	for n := 0; ; {
		m, err := p.conn.Read(in[n:])
		if err != nil {
			return
		}
		n += m
		full := n == len(in)
		used := p.take(in[:n])
		n = copy(in, in[used:n])
		if len(p.out) > 0 {
			if _, err := p.conn.Write(p.out); err != nil {
				return
			}
			p.out = p.out[:0]
		}
		if full {
			in = append(in, make([]byte, len(in))...)
		}
	}
}

// take answers every whole packet in b and returns how many bytes they were.
func (p *peer) take(b []byte) (used int) {
	for {
		in := b[used:]
		if len(in) < headerLen {
			return used
		}
		n := headerLen + (int(in[1])<<16 | int(in[2])<<8 | int(in[3]))
		if len(in) < n {
			return used
		}
		switch in[0] {
		case handshake:
			p.out = appendPacket(p.out, handshake, nil, []byte(reply))
		case data:
			p.message(in[headerLen:n])
		}
		used += n
	}
}

// message serves a request or notify: flag, varint id of a request, route with its length, payload.
func (p *peer) message(b []byte) {
	const request = 0
	id := 1
	if b[0] == request {
		_, n := binary.Uvarint(b[1:])
		id += n
	}
	end := id + 1 + int(b[id])
	route, payload := b[id+1:end], b[end:]
	if b[0] == request {
		p.enter(string(route), payload)
		b[0] = 2 << 1 // a response, with the id that follows it
		p.out = appendPacket(p.out, data, b[:id], payload)
		return
	}
	switch string(route) {
	case game.Notify:
		p.out = appendPush(p.out, payload)
	case game.Burst:
		p.rooms.room(game.Room(payload)).burst(payload)
	case game.Input:
		p.room.input(p.slot, payload)
	}
}

func (p *peer) enter(route string, payload []byte) {
	switch route {
	case game.Join:
		p.room = p.rooms.room(game.Room(payload))
		p.slot = p.room.enter(p)
	case game.Play:
		p.room = p.rooms.room(game.Room(payload))
		p.slot = p.room.enter(p)
		p.room.play()
	}
}

var pushHead = append([]byte{3 << 1, byte(len(game.Push))}, game.Push...)

func appendPush(dst, payload []byte) []byte { return appendPacket(dst, data, pushHead, payload) }

func appendPacket(dst []byte, kind byte, head, payload []byte) []byte {
	n := len(head) + len(payload)
	dst = append(dst, kind, byte(n>>16), byte(n>>8), byte(n))
	return append(append(dst, head...), payload...)
}
