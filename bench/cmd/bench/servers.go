package main

import (
	"github.com/lonng/nano/bench/internal/game"
	"github.com/lonng/nano/bench/internal/load"
)

// A server is one way to start one of the server programs.
type server struct {
	name      string
	program   string // its package in this module
	transport string // tcp, ws or tls
	args      []string
	protocol  load.Protocol
	format    game.Format // of what is asked and answered
}

func servers() []server {
	nano := func(name, transport, executor, handler string, format game.Format) server {
		return server{name, "nanoserver", transport, []string{"-executor", executor, "-handler", handler,
			"-serializer", string(format)}, load.Nano{}, format}
	}
	echo := func(lib string) server {
		return server{"ws-" + lib, "wsecho", "ws", []string{"-lib", lib}, load.Nano{}, game.Raw}
	}
	return []server{
		{"floor", "floor", "tcp", nil, load.Nano{}, game.Raw},
		{"floor-tls", "floor", "tls", nil, load.Nano{}, game.Raw},
		nano("nano-loop", "tcp", "loop", "func", game.Raw),
		nano("nano-concurrent", "tcp", "concurrent", "func", game.Raw),
		nano("nano-method", "tcp", "loop", "method", game.Raw),
		nano("nano-method-json", "tcp", "loop", "method", game.JSON),
		nano("nano-func-json", "tcp", "loop", "func", game.JSON),
		nano("nano-func-protobuf", "tcp", "loop", "func", game.Protobuf),
		nano("nano-ws", "ws", "loop", "func", game.Raw),
		nano("nano-tls", "tls", "loop", "func", game.Raw),
		echo("gobwas"),
		echo("gws"),
		echo("coder"),
		{"centrifuge", "centrifuge", "ws", nil, load.Centrifuge{}, game.Raw},
	}
}
