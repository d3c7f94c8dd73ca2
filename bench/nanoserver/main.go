// Command nanoserver is nano under test: the same few routes on the logic loop or concurrent, as raw
// methods, typed methods or typed functions.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"strings"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/lonng/nano"
	"github.com/lonng/nano/bench/internal/control"
	"github.com/lonng/nano/bench/internal/game"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/serialize"
	"github.com/lonng/nano/serialize/json"
	"github.com/lonng/nano/serialize/protobuf"
)

func main() {
	s := &settings{}
	flag.StringVar(&s.executor, "executor", "loop", "loop or concurrent: where handlers run")
	flag.StringVar(&s.handler, "handler", "func", "method or func: what answers "+game.Echo)
	flag.StringVar((*string)(&s.format), "serializer", "raw", "raw, json or protobuf: what payloads are")
	control.Main(s.serve)
}

type settings struct {
	executor, handler string
	format            game.Format
}

func (s *settings) serve(ctx context.Context, o control.Options) error {
	b := &bench{rooms: map[int]*room{}}
	comp, err := s.component(b)
	if err != nil {
		return err
	}
	opts := []component.Option{component.WithName("bench"), component.WithNameFunc(strings.ToLower)}
	if s.executor == "concurrent" {
		opts = append(opts, component.Concurrent())
	}
	comps := &component.Components{}
	comps.Register(comp, opts...)
	where, err := listen(o)
	if err != nil {
		return err
	}
	b.srv = nano.New(append(where, nano.WithComponents(comps), nano.WithSerializer(s.serializer()))...)
	if s.handler == "func" {
		s.handle(b.srv)
	}
	return b.srv.Run(ctx)
}

func listen(o control.Options) ([]nano.Option, error) {
	switch o.Transport {
	case "ws":
		return []nano.Option{nano.WithWebSocket(o.Addr)}, nil
	case "tls":
		cert, err := control.Certificate()
		cfg := &tls.Config{Certificates: []tls.Certificate{cert}}
		return []nano.Option{nano.WithTCP(o.Addr), nano.WithTLS(cfg)}, err
	default:
		return []nano.Option{nano.WithTCP(o.Addr)}, nil
	}
}

func (s *settings) serializer() serialize.Serializer {
	if s.format == game.Protobuf {
		return protobuf.NewSerializer()
	}
	return json.NewSerializer()
}

// component returns the component with the method that answers game.Echo, if it is a method.
func (s *settings) component(b *bench) (component.Component, error) {
	switch s.handler + " " + string(s.format) {
	case "method raw":
		return &rawEcho{bench: b}, nil
	case "method json":
		return &jsonEcho{bench: b}, nil
	case "method protobuf":
		return &protobufEcho{bench: b}, nil
	case "func raw", "func json", "func protobuf":
		return b, nil
	}
	return nil, fmt.Errorf("nanoserver: no %s handlers of %s", s.handler, s.format)
}

// handle registers the function that answers game.Echo.
func (s *settings) handle(srv *nano.Server) {
	var opts []component.Option
	if s.executor == "concurrent" {
		opts = append(opts, component.Concurrent())
	}
	switch s.format {
	case game.Protobuf:
		nano.Handle(srv, game.Echo, echo[wrapperspb.BytesValue], opts...)
	case game.JSON:
		nano.Handle(srv, game.Echo, echo[game.Message], opts...)
	default:
		nano.Handle(srv, game.Echo, echo[[]byte], opts...)
	}
}

func echo[T any](_ context.Context, m *T) (*T, error) { return m, nil }
