// Package wire turns bytes into packets and messages, and back.
//
// A stream carries packets; a data packet carries one message; a message says what it is, whom it
// is for, and holds a payload that a serializer wrote. Everything here is a pure function of its
// arguments: no I/O, no state, and no input makes it panic.
//
//	for {
//		p, rest, err := wire.ParsePacket(buf, wire.DefaultLimit)
//		if err == wire.ErrShort {
//			break // read more bytes behind buf, then try again
//		}
//		if err != nil {
//			return err // the peer does not speak the protocol
//		}
//		if p.Type == wire.PacketData {
//			m, err := wire.ParseMessage(p.Body)
//			…
//		}
//		buf = rest
//	}
//
// What is parsed is a view: its slices are parts of the input and are good for as long as the
// input is left alone. Append functions add to a buffer that the caller owns and return it; when
// they fail it comes back as it was. With [BeginPacket], [AppendHead] and [FinishPacket] a payload
// is encoded straight into the packet that carries it.
//
// [Error] is the one error that crosses the wire, with its codes; [Dictionary] holds the short
// codes of routes; [Inflate] and [Deflate] handle compressed payloads.
//
// All functions and all values of the package may be used from many goroutines at once, as long
// as nobody writes to a slice or struct that another is reading.
package wire
