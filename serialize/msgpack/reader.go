package msgpack

import (
	"io"
	"slices"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// reader gives the decoder a checked payload.
//
// The payload's extensions are opaque to the check: the body of a timestamp, say, may look like
// anything. The decoder reads most bodies with Read; but where it wants a map and finds an
// extension, it takes the body for the map, and an extension decoder of the application may find
// values in the body too. Both begin with ReadByte: then what is left of the body must be a row of
// well-formed values.
type reader struct {
	data       []byte
	pos        int
	extensions []extension // not reached yet, the nearest last
}

func (r *reader) Read(p []byte) (int, error) {
	if r.pos >= len(r.data) && len(p) > 0 {
		return 0, io.EOF
	}
	n := copy(p, r.data[r.pos:])
	r.pos += n
	return n, nil
}

func (r *reader) ReadByte() (byte, error) {
	if r.pos >= len(r.data) {
		return 0, io.EOF
	}
	if len(r.extensions) > 0 {
		if err := r.enter(); err != nil {
			return 0, err
		}
	}
	c := r.data[r.pos]
	r.pos++
	return c, nil
}

func (r *reader) UnreadByte() error {
	if r.pos == 0 {
		return errUnread
	}
	r.pos--
	return nil
}

// enter checks the body that the decoder is about to read a value from, if it is in one.
func (r *reader) enter() error {
	last := len(r.extensions) - 1
	for last >= 0 && r.extensions[last].end <= r.pos {
		last--
	}
	r.extensions = r.extensions[:last+1]
	if last < 0 || r.pos < r.extensions[last].start {
		return nil
	}
	x := r.extensions[last]
	r.extensions = r.extensions[:last]
	if x.isInterned() {
		return r.enterInterned()
	}
	s := scanner{data: r.data[:x.end], extensions: r.extensions}
	if err := s.values(r.pos, x.depth); err != nil {
		return err
	}
	slices.Reverse(s.extensions[last:])
	r.extensions = s.extensions
	return nil
}

// internedID is the extension that stands for a string met before: its index.
const internedID = 0x80

func (x extension) isInterned() bool { return x.id == internedID && x.end-x.start == 1 }

// enterInterned lets an index of one byte pass. It is not to be told from the first byte of a map;
// where it would start a map whose length comes from the bytes behind it, it is refused, at the
// price of the indexes 222 and 223.
func (r *reader) enterInterned() error {
	switch r.data[r.pos] {
	case msgpcode.Map16, msgpcode.Map32:
		return errExtension
	}
	return nil
}
