package nanotest

import (
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/lonng/nano"
	"github.com/lonng/nano/serialize"
)

// errorBody is the body of an error response.
type errorBody struct {
	Code     string            `json:"code" msgpack:"code"`
	Msg      string            `json:"msg" msgpack:"msg"`
	Metadata map[string]string `json:"metadata" msgpack:"metadata"`
}

// decodeError returns the error that body is, in the form that s gives to errors: a *nano.Error.
func decodeError(s serialize.Serializer, body []byte) error {
	var e errorBody
	var err error
	switch serialize.Name(s) {
	case "protobuf":
		err = e.fromProtobuf(body)
	case "msgpack":
		err = s.Unmarshal(body, &e)
	default:
		err = json.Unmarshal(body, &e)
	}
	if err != nil {
		return fmt.Errorf("nanotest: an error response that cannot be read: %w", err)
	}
	return &nano.Error{Code: e.Code, Message: e.Msg, Metadata: e.Metadata}
}

func (e *errorBody) fromProtobuf(body []byte) error {
	return fields(body, func(field protowire.Number, value []byte) error {
		switch field {
		case 1:
			e.Code = string(value)
		case 2:
			e.Msg = string(value)
		case 3:
			return e.addEntry(value)
		}
		return nil
	})
}

func (e *errorBody) addEntry(entry []byte) error {
	var kv [2]string
	err := fields(entry, func(field protowire.Number, value []byte) error {
		if field == 1 || field == 2 {
			kv[field-1] = string(value)
		}
		return nil
	})
	if e.Metadata == nil {
		e.Metadata = make(map[string]string)
	}
	e.Metadata[kv[0]] = kv[1]
	return err
}

// fields calls fn with the fields of a protobuf message whose fields are all strings or messages.
func fields(message []byte, fn func(field protowire.Number, value []byte) error) error {
	for len(message) > 0 {
		field, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		if kind != protowire.BytesType {
			return fmt.Errorf("field %d has the wire type %d", field, kind)
		}
		message = message[n:]
		value, n := protowire.ConsumeBytes(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		if err := fn(field, value); err != nil {
			return err
		}
		message = message[n:]
	}
	return nil
}
