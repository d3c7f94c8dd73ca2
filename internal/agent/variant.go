package agent

import "github.com/lonng/nano/wire"

// Variant says in which of its forms a connection takes a message. Frames of one variant of one server are the same bytes
// for every connection.
type Variant uint8

const (
	dialectBits Variant = 3  // the wire.Dialect
	codes       Variant = 4  // pushes carry dictionary codes
	deflates    Variant = 8  // large payloads are deflated
	nullBody    Variant = 16 // an empty payload is sent as null
)

func (v Variant) dialect() wire.Dialect { return wire.Dialect(v & dialectBits) }

func (s *Server) variantOf(d wire.Dialect) Variant {
	v := Variant(d)
	if d != wire.DialectPitaya && s.cfg.Dictionary.Len() > 0 {
		v |= codes
	}
	if d == wire.DialectPitaya && s.cfg.CompressAbove > 0 {
		v |= deflates
	}
	if d != wire.DialectLevel1 && s.nullBody {
		v |= nullBody
	}
	return v
}

// Variant returns the connection's variant.
func (c *Conn) Variant() Variant { return c.variant }

// Server returns the server of the connection.
func (c *Conn) Server() *Server { return c.server }

// plain reports whether a payload can be encoded where it stands in the frame.
func (s *Server) plain(v Variant) bool { return s.cfg.Outbound == nil && v&deflates == 0 }

// code returns the code that stands for the route of a push, 0 for none.
func (s *Server) code(v Variant, h wire.Head) uint16 {
	if h.Type != wire.Push || v&codes == 0 {
		return 0
	}
	return s.cfg.Dictionary.Code(h.Route)
}
