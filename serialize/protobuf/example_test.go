package protobuf_test

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/lonng/nano/serialize/protobuf"
)

func ExampleSerializer() {
	s := protobuf.NewSerializer()
	b, err := s.Marshal(wrapperspb.String("ann"))
	fmt.Printf("%q %v\n", b, err)
	var name wrapperspb.StringValue
	err = s.Unmarshal(b, &name)
	fmt.Println(name.GetValue(), err)
	// Output:
	// "\n\x03ann" <nil>
	// ann <nil>
}

func ExampleSerializer_AppendMarshal() {
	s := protobuf.NewSerializer()
	buffer, err := s.AppendMarshal([]byte("header "), wrapperspb.Int64(7))
	fmt.Printf("%q %v\n", buffer, err)
	// Output: "header \b\a" <nil>
}

func ExampleErrWrongValueType() {
	_, err := protobuf.NewSerializer().Marshal("text")
	fmt.Println(err)
	fmt.Println(errors.Is(err, protobuf.ErrWrongValueType))
	// Output:
	// protobuf: not a protobuf message: string
	// true
}

func ExampleSerializer_AppendError() {
	body, _ := protobuf.NewSerializer().AppendError(nil, "not-found", "no such route", nil)
	fmt.Printf("%q\n", body)
	// Output: "\n\tnot-found\x12\rno such route"
}
