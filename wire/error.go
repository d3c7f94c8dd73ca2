package wire

import (
	"context"
	"errors"
	"fmt"
	"maps"
)

// Error is an error with a code that crosses the wire: a handler returns it, the client gets its
// code, message and metadata. What it wraps stays in the process.
//
// An Error may be a package's sentinel, shared by all goroutines: nobody changes one once it is
// made, [Error.With] makes a copy.
type Error struct {
	Code     string            // one of the Code constants or the application's own
	Message  string            // for people
	Metadata map[string]string // for programs; may be nil

	cause error
}

// NewError makes an error of a code and a message.
func NewError(code, message string) *Error {
	return &Error{Code: code, Message: message}
}

// Errorf makes an error whose message is formatted as [fmt.Errorf] does; what %w stands for is
// its cause. The message crosses the wire with the cause's text in it.
func Errorf(code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	cause := errors.Unwrap(err)
	if _, many := err.(interface{ Unwrap() []error }); many {
		cause = err
	}
	return &Error{Code: code, Message: err.Error(), cause: cause}
}

// Error returns "code: message", or the code alone when there is no message.
func (e *Error) Error() string {
	if e.Message == "" {
		return e.Code
	}
	return e.Code + ": " + e.Message
}

// Unwrap returns the cause, nil if there is none.
func (e *Error) Unwrap() error { return e.cause }

// Is makes an *Error without a message the target for all errors of its code:
//
//	errors.Is(err, &wire.Error{Code: wire.CodeNotFound})
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t != nil && t.Message == "" && t.Code == e.Code
}

// With returns a copy of e with one more entry in its metadata. The copy wraps e, so that
// errors.Is finds the sentinel that it was made from.
func (e *Error) With(key, value string) *Error {
	c := &Error{Code: e.Code, Message: e.Message, Metadata: maps.Clone(e.Metadata), cause: e}
	if c.Metadata == nil {
		c.Metadata = make(map[string]string, 1)
	}
	c.Metadata[key] = value
	return c
}

// CodeOf returns the code of the first *[Error] in err's chain; without one it is [CodeCanceled]
// for context.Canceled, [CodeTimeout] for context.DeadlineExceeded, else [CodeInternal]. For nil
// it is empty.
func CodeOf(err error) string {
	if e, ok := coded(err); ok {
		return e.Code
	}
	switch {
	case err == nil:
		return ""
	case errors.Is(err, context.Canceled):
		return CodeCanceled
	case errors.Is(err, context.DeadlineExceeded):
		return CodeTimeout
	}
	return CodeInternal
}

// AsError returns the first *[Error] in err's chain; without one it makes one of [CodeOf] and
// err's text that wraps err. For nil it is nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := coded(err); ok {
		return e
	}
	return &Error{Code: CodeOf(err), Message: err.Error(), cause: err}
}

func coded(err error) (*Error, bool) {
	e, ok := errors.AsType[*Error](err)
	return e, ok && e != nil && e.Code != ""
}
