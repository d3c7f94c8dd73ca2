package lazyread

import "net"

// smallRead is how much is read where it is not known that there is something: a usual message of a game, and its header.
const smallRead = 128

// plain reads a connection that does not tell when it is readable.
type plain struct {
	conn  net.Conn
	rest  []byte // what is in small and was not returned yet
	small [smallRead]byte
}

func (p *plain) ReadLazily(b Buffer) (int, error) {
	if len(p.rest) == 0 {
		if h, ok := b.(Holder); ok && h.Held() {
			return p.readInto(b)
		}
		n, err := p.conn.Read(p.small[:])
		if n == 0 {
			return 0, err
		}
		p.rest = p.small[:n]
	}
	return p.take(b.Lend()), nil
}

func (p *plain) readInto(b Buffer) (int, error) {
	n, err := p.conn.Read(b.Lend())
	if n == 0 {
		b.GiveBack()
		return 0, err
	}
	return n, nil // an error that came with bytes will come again
}

func (p *plain) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return p.conn.Read(b)
	}
	return p.take(b), nil
}

func (p *plain) take(b []byte) int {
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n
}
