package msgpack

import (
	"strings"

	"github.com/vmihailenco/msgpack/v5"
)

// errorBody is what clients look for in an error response.
type errorBody struct {
	Code     string            `msgpack:"code"`
	Msg      string            `msgpack:"msg"`
	Metadata map[string]string `msgpack:"metadata,omitempty"`
}

// AppendError appends a map with the keys code, msg and, unless it is empty, metadata, which is a
// map of strings sorted by key. What is not UTF-8 is replaced by U+FFFD.
func (s *Serializer) AppendError(dst []byte, code, msg string, metadata map[string]string) ([]byte, error) {
	body := errorBody{Code: utf8(code), Msg: utf8(msg)}
	if len(metadata) > 0 {
		body.Metadata = make(map[string]string, len(metadata))
		for key, value := range metadata {
			body.Metadata[utf8(key)] = utf8(value)
		}
	}
	return s.encode(dst, func(e *msgpack.Encoder) error {
		return e.SetSortMapKeys(true).Encode(&body)
	})
}

func utf8(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
