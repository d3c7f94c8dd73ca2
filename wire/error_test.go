package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"testing"
)

func TestErrorText(t *testing.T) {
	if got := NewError("full", "the room is full").Error(); got != "full: the room is full" {
		t.Error(got)
	}
	if got := (&Error{Code: "full"}).Error(); got != "full" {
		t.Error(got)
	}
	if got := ErrVarint.Error(); got != "wire: bad varint" {
		t.Error(got)
	}
}

func TestErrorf(t *testing.T) {
	plain := Errorf("full", "room %d is full", 7)
	if plain.Message != "room 7 is full" || errors.Unwrap(plain) != nil {
		t.Errorf("plain: %#v", plain)
	}
	one := Errorf(CodeInternal, "load: %w", io.ErrUnexpectedEOF)
	if one.Message != "load: unexpected EOF" || errors.Unwrap(one) != io.ErrUnexpectedEOF {
		t.Errorf("one cause: %#v", one)
	}
	two := Errorf(CodeInternal, "%w, %w", io.EOF, fs.ErrNotExist)
	if !errors.Is(two, io.EOF) || !errors.Is(two, fs.ErrNotExist) {
		t.Errorf("two causes: %#v", two)
	}
}

func TestErrorIs(t *testing.T) {
	err := fmt.Errorf("join: %w", NewError("full", "the room is full"))
	for _, test := range []struct {
		target error
		want   bool
	}{
		{&Error{Code: "full"}, true},
		{&Error{Code: "empty"}, false},
		{NewError("full", "the table is full"), false},
		{(*Error)(nil), false},
		{io.EOF, false},
	} {
		if got := errors.Is(err, test.target); got != test.want {
			t.Errorf("is %#v: %v", test.target, got)
		}
	}
}

func TestErrorWith(t *testing.T) {
	cause := io.ErrUnexpectedEOF
	sentinel := Errorf("full", "the room is full: %w", cause)
	first := sentinel.With("room", "7")
	second := first.With("room", "8").With("max", "10")
	if sentinel.Metadata != nil || first.Metadata["room"] != "7" || len(first.Metadata) != 1 {
		t.Errorf("an original changed: %v, %v", sentinel.Metadata, first.Metadata)
	}
	if second.Metadata["room"] != "8" || second.Metadata["max"] != "10" {
		t.Errorf("metadata of the copy: %v", second.Metadata)
	}
	if second.Error() != sentinel.Error() || !errors.Is(second, sentinel) || !errors.Is(second, cause) {
		t.Errorf("the copy lost its origin: %v", second)
	}
}

func TestCodeOfAndAsError(t *testing.T) {
	coded := NewError("full", "the room is full")
	for _, test := range []struct {
		err  error
		code string
	}{
		{coded, "full"},
		{fmt.Errorf("join: %w", coded), "full"},
		{errors.Join(io.EOF, coded), "full"},
		{Errorf("busy", "%w", context.Canceled), "busy"},
		{fmt.Errorf("x: %w", context.Canceled), CodeCanceled},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), CodeTimeout},
		{io.EOF, CodeInternal},
		{&Error{Message: "no code"}, CodeInternal},
		{ErrRoute, CodeInternal},
	} {
		if got := CodeOf(test.err); got != test.code {
			t.Errorf("CodeOf(%v) is %q, want %q", test.err, got, test.code)
		}
		e := AsError(test.err)
		if e.Code != test.code || !errors.Is(e, test.err) && !errors.Is(test.err, e) {
			t.Errorf("AsError(%v) is %#v, want the code %q", test.err, e, test.code)
		}
	}
	if CodeOf(nil) != "" || AsError(nil) != nil {
		t.Error("nil has a code")
	}
	if e := AsError(fmt.Errorf("join: %w", coded)); e != coded {
		t.Errorf("the error in the chain became %#v", e)
	}
	if e := AsError(io.EOF); e.Message != "EOF" {
		t.Errorf("message is %q", e.Message)
	}
}
