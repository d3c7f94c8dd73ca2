// Package game is what the servers and the load client agree on: routes, and what stands in payloads.
//
// Numbers are big endian. A payload may be longer than its fields; the rest is padding.
package game

import (
	"encoding/binary"
	"time"
)

// Routes.
const (
	Echo   = "bench.echo"   // request: answered with its payload
	Join   = "bench.join"   // request, room(2): the sender enters a room; answered with its payload
	Play   = "bench.play"   // request, room(2): as Join, and the room sends its state Rate times a second
	Notify = "bench.notify" // notify: its payload is pushed to its sender
	Burst  = "bench.burst"  // notify, room(2) count(2): its payload is pushed count times to the room
	Input  = "bench.input"  // notify: what a player does, InputSize bytes that go into the next state
	Push   = "bench.push"   // push: the route of all that servers send by themselves
)

// The tick game.
const (
	Rate      = 20 // inputs a second of a player, and states a second of a room
	Tick      = time.Second / Rate
	RoomSize  = 20 // players in a room
	InputSize = 16 // bytes of a player's input
	StateSize = 8 + RoomSize*InputSize
)

// AppendRoom appends the payload of a Join or Play.
func AppendRoom(dst []byte, room int) []byte {
	return binary.BigEndian.AppendUint16(dst, uint16(room))
}

// Room returns the room that a payload names, 0 when it is too short.
func Room(payload []byte) int { return field(payload, 0) }

// AppendBurst appends the payload of a Burst, padded to size bytes.
func AppendBurst(dst []byte, room, count, size int) []byte {
	start := len(dst)
	dst = binary.BigEndian.AppendUint16(dst, uint16(room))
	dst = binary.BigEndian.AppendUint16(dst, uint16(count))
	for len(dst)-start < size {
		dst = append(dst, 'x')
	}
	return dst
}

// Count returns how many pushes a Burst asks for, 0 when the payload is too short.
func Count(payload []byte) int { return field(payload, 2) }

func field(b []byte, at int) int {
	if len(b) < at+2 {
		return 0
	}
	return int(binary.BigEndian.Uint16(b[at:]))
}

// A State is a room's state on the wire: when it was made, then the last input of each player. The
// zero State is ready to use. One goroutine at a time.
type State [StateSize]byte

// Set stores a player's input. A slot is counted modulo RoomSize.
func (s *State) Set(slot int, input []byte) {
	at := 8 + slot%RoomSize*InputSize
	copy(s[at:at+InputSize], input)
}

// Stamp writes the time of now and returns the state's bytes, which the next Set or Stamp changes.
func (s *State) Stamp(now time.Time) []byte {
	binary.BigEndian.PutUint64(s[:], uint64(now.UnixNano()))
	return s[:]
}

// StampOf returns when a state was made, in Unix nanoseconds, 0 when the payload is too short.
func StampOf(payload []byte) int64 {
	if len(payload) < 8 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(payload))
}
