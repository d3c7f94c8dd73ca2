package msgpack

import (
	"encoding/binary"
	"slices"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// maxDepth is how many levels arrays and maps may be nested.
const maxDepth = 10_000

// formatError says what is wrong with a payload.
type formatError string

func (e formatError) Error() string { return "msgpack: " + string(e) }

const (
	errShort     formatError = "payload ends within a value"
	errDepth     formatError = "payload is nested too deeply"
	errCode      formatError = "payload has a byte that starts no value"
	errExtension formatError = "extension holds no value"
	errUnread    formatError = "no byte to unread"
)

// extension is where the body of an extension value stands in a payload.
type extension struct {
	start, end int
	depth      int  // levels around it
	id         byte // the extension's type
}

// check reports whether data is a row of well-formed values, in which no length goes beyond the end
// of data. (A row, not one value: a type's own EncodeMsgpack may write several.) Bodies of
// extensions are opaque; they are returned, the first last.
func check(data []byte) ([]extension, error) {
	s := scanner{data: data}
	if err := s.values(0, 0); err != nil {
		return nil, err
	}
	slices.Reverse(s.extensions)
	return s.extensions, nil
}

// scanner walks over values without making any. Each of its methods takes the position of what it
// walks over and returns the position behind it.
type scanner struct {
	data       []byte
	extensions []extension // met so far
}

// values walks over all values from pos to the end.
func (s *scanner) values(pos, depth int) (err error) {
	for pos < len(s.data) && err == nil {
		pos, err = s.value(pos, depth)
	}
	return err
}

func (s *scanner) value(pos, depth int) (int, error) {
	if pos >= len(s.data) {
		return 0, errShort
	}
	c := s.data[pos]
	pos++
	switch {
	case msgpcode.IsFixedNum(c):
		return pos, nil
	case msgpcode.IsFixedString(c):
		return s.skip(pos, uint64(c&msgpcode.FixedStrMask))
	case msgpcode.IsFixedMap(c):
		return s.elements(pos, 2*uint64(c&msgpcode.FixedMapMask), depth)
	case msgpcode.IsFixedArray(c):
		return s.elements(pos, uint64(c&msgpcode.FixedArrayMask), depth)
	}
	switch c {
	case msgpcode.Nil, msgpcode.False, msgpcode.True:
		return pos, nil
	case msgpcode.Uint8, msgpcode.Int8:
		return s.skip(pos, 1)
	case msgpcode.Uint16, msgpcode.Int16:
		return s.skip(pos, 2)
	case msgpcode.Uint32, msgpcode.Int32, msgpcode.Float:
		return s.skip(pos, 4)
	case msgpcode.Uint64, msgpcode.Int64, msgpcode.Double:
		return s.skip(pos, 8)
	}
	return s.sized(c, pos, depth)
}

// sized walks over a value that gives its own length. C is its first byte, pos the one behind.
func (s *scanner) sized(c byte, pos, depth int) (int, error) {
	var width int // of the length, in bytes
	switch c {
	case msgpcode.FixExt1, msgpcode.FixExt2, msgpcode.FixExt4, msgpcode.FixExt8, msgpcode.FixExt16:
		return s.extension(pos, 1<<(c-msgpcode.FixExt1), depth)
	case msgpcode.Str8, msgpcode.Bin8, msgpcode.Ext8:
		width = 1
	case msgpcode.Str16, msgpcode.Bin16, msgpcode.Ext16, msgpcode.Array16, msgpcode.Map16:
		width = 2
	case msgpcode.Str32, msgpcode.Bin32, msgpcode.Ext32, msgpcode.Array32, msgpcode.Map32:
		width = 4
	default:
		return 0, errCode
	}
	if len(s.data)-pos < width {
		return 0, errShort
	}
	var word [8]byte
	copy(word[8-width:], s.data[pos:pos+width])
	n := binary.BigEndian.Uint64(word[:])
	pos += width
	switch c {
	case msgpcode.Ext8, msgpcode.Ext16, msgpcode.Ext32:
		return s.extension(pos, n, depth)
	case msgpcode.Array16, msgpcode.Array32:
		return s.elements(pos, n, depth)
	case msgpcode.Map16, msgpcode.Map32:
		return s.elements(pos, 2*n, depth)
	}
	return s.skip(pos, n)
}

// skip walks over n bytes.
func (s *scanner) skip(pos int, n uint64) (int, error) {
	if n > uint64(len(s.data)-pos) {
		return 0, errShort
	}
	return pos + int(n), nil
}

// elements walks over the n values inside an array or a map. Each takes a byte at least.
func (s *scanner) elements(pos int, n uint64, depth int) (int, error) {
	if n > uint64(len(s.data)-pos) {
		return 0, errShort
	}
	if depth++; depth > maxDepth {
		return 0, errDepth
	}
	var err error
	for range n {
		if pos, err = s.value(pos, depth); err != nil {
			return 0, err
		}
	}
	return pos, nil
}

// extension walks over the type and the n bytes of an extension's body.
func (s *scanner) extension(pos int, n uint64, depth int) (int, error) {
	end, err := s.skip(pos, n+1)
	if err != nil {
		return 0, err
	}
	if n > 0 {
		s.extensions = append(s.extensions, extension{pos + 1, end, depth, s.data[pos]})
	}
	return end, nil
}
