package serialize

import "encoding/json"

// AppendError appends the body of an error response to dst: in the form of s where s is an
// [ErrorMarshaler], else, or where that fails or writes nothing, as JSON:
//
//	{"code":"not-found","msg":"no such route","metadata":{"route":"room.jion"}}
//
// Metadata is left out when it is empty. At least one byte is appended always, since there are
// clients that take an empty error for a broken server. A nil s means JSON.
func AppendError(s Serializer, dst []byte, code, msg string, metadata map[string]string) []byte {
	if m, ok := s.(ErrorMarshaler); ok {
		out, err := m.AppendError(dst, code, msg, metadata)
		if err == nil && len(out) > len(dst) {
			return out
		}
	}
	return appendJSONError(dst, code, msg, metadata)
}

// errorBody is what Nano's, Pomelo's and Pitaya's clients look for in an error response.
type errorBody struct {
	Code     string            `json:"code"`
	Msg      string            `json:"msg"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

func appendJSONError(dst []byte, code, msg string, metadata map[string]string) []byte {
	b, err := json.Marshal(errorBody{code, msg, metadata})
	if err != nil { // strings alone cannot fail, but the body must not be empty
		b = []byte(`{"code":"internal","msg":"error without a text"}`)
	}
	return append(dst, b...)
}
