package agent

import (
	"strings"
	"testing"

	"github.com/lonng/nano/wire"
)

func TestCloseCode(t *testing.T) {
	for code, want := range map[string]uint16{
		ReasonClosed:              1000,
		ReasonGone:                1000,
		wire.KickShutdown:         1001,
		wire.KickProtocol:         1002,
		ReasonRefused:             1008,
		wire.CodeInternal:         1011,
		wire.KickKicked:           4000,
		wire.KickSlow:             4001,
		wire.KickTimeout:          4002,
		wire.KickReplaced:         4003,
		wire.KickBanned:           4004,
		wire.KickResumedElsewhere: 4005,
		"maintenance":             4000,
		"":                        4000,
	} {
		if got := closeCode(wire.NewError(code, "")); got != want {
			t.Errorf("%q: %d, want %d", code, got, want)
		}
	}
	for _, n := range []int{0, 10, 123, 124, 10_000} {
		if got := closeText(wire.NewError(strings.Repeat("x", n), "")); len(got) != min(n, 123) {
			t.Errorf("%d bytes of a code of %d", len(got), n)
		}
	}
}
