package protobuf

import (
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of the error message, and of an entry of its map.
const (
	fieldCode     protowire.Number = 1
	fieldMsg      protowire.Number = 2
	fieldMetadata protowire.Number = 3

	fieldKey   protowire.Number = 1
	fieldValue protowire.Number = 2
)

// AppendError appends the message that clients decode error responses with:
//
//	message Error {
//	  string code = 1;
//	  string msg = 2;
//	  map<string, string> metadata = 3;
//	}
//
// The code is written even when it is empty, so that the body never is. Metadata is sorted by key.
// What is not UTF-8 is replaced by U+FFFD, since decoders refuse it. The error is always nil.
func (s *Serializer) AppendError(dst []byte, code, msg string, metadata map[string]string) ([]byte, error) {
	dst = appendString(dst, fieldCode, code)
	if msg != "" {
		dst = appendString(dst, fieldMsg, msg)
	}
	if len(metadata) == 0 {
		return dst, nil
	}
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		dst = appendEntry(dst, utf8(key), utf8(metadata[key]))
	}
	return dst, nil
}

func appendEntry(dst []byte, key, value string) []byte {
	size := protowire.SizeTag(fieldKey) + protowire.SizeBytes(len(key)) +
		protowire.SizeTag(fieldValue) + protowire.SizeBytes(len(value))
	dst = protowire.AppendTag(dst, fieldMetadata, protowire.BytesType)
	dst = protowire.AppendVarint(dst, uint64(size))
	dst = appendString(dst, fieldKey, key)
	return appendString(dst, fieldValue, value)
}

func appendString(dst []byte, field protowire.Number, s string) []byte {
	dst = protowire.AppendTag(dst, field, protowire.BytesType)
	return protowire.AppendString(dst, utf8(s))
}

func utf8(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
