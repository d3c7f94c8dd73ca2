package nano_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lonng/nano"
	"github.com/lonng/nano/nanotest"
)

// What is wrong with a limit is returned by Serve, with the option's name.
func TestLimitsMisused(t *testing.T) {
	for want, l := range map[string]nano.RateLimit{
		"WithRateLimit: Messages: 1000001 a second: the most is 1000000":       {Messages: 1_000_001},
		"WithRateLimit: Bytes: 1000000001 a second: the most is 1000000000":    {Bytes: 1_000_000_001},
		"WithRateLimit: MessageBurst: 1000000001: the most is 1000000000":      {Messages: 1, MessageBurst: 1_000_000_001},
		"WithRateLimit: ByteBurst: 1000000001: the most is 1000000000":         {Bytes: 1, ByteBurst: 1_000_000_001},
		"WithRateLimit: MessageBurst without Messages":                         {Bytes: 1, MessageBurst: 5},
		"WithRateLimit: ByteBurst without Bytes":                               {ByteBurst: 5},
		"WithRateLimit: there is no policy 3":                                  {Messages: 1, Policy: 3},
		"WithRateLimit: there is no policy -1":                                 {Policy: -1},
		"WithRateLimit: Exempt has a route of 0 bytes: it must have 1 to 255":  {Messages: 1, Exempt: []string{"a", ""}},
		"WithRateLimit: Exempt has a route of 256 bytes: it must have 1 to 25": {Exempt: []string{strings.Repeat("r", 256)}},
	} {
		err := nano.New(nano.WithTCP("127.0.0.1:0"), nano.WithRateLimit(l)).Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), "nano: "+want) {
			t.Errorf("%q is not in the error %v", want, err)
		}
	}
}

// The caller's routes are copied.
func TestRateLimitIsCopied(t *testing.T) {
	exempt := []string{"side"}
	srv := newServer(t, nano.WithRateLimit(nano.RateLimit{Messages: 1, Policy: nano.LimitRefuse, Exempt: exempt}))
	exempt[0] = "echo"
	serveEcho(srv.Server)
	c := srv.Dial(t)
	for range 10 {
		must(t, c.Request("side", []byte("x"), nil))
	}
}

func ExampleWithRateLimit() {
	t := new(inMemory)
	defer t.end()
	srv := nanotest.NewServer(t, nano.WithRateLimit(nano.RateLimit{
		Messages:     1, // a second
		MessageBurst: 3,
		Policy:       nano.LimitRefuse,
		Exempt:       []string{"ping"},
	}))
	pong := func(context.Context, *struct{}) (*struct{}, error) { return nil, nil }
	nano.Handle(srv.Server, "ping", pong)
	nano.Handle(srv.Server, "shop.buy", pong)

	c := srv.Dial(t)
	for range 4 {
		err := c.Request("shop.buy", nil, nil)
		fmt.Println(err, errors.Is(err, &nano.Error{Code: "limited"}))
	}
	fmt.Println(c.Request("ping", nil, nil))
	fmt.Println(srv.Stats().Limited)
	// Output:
	// <nil> false
	// <nil> false
	// <nil> false
	// limited: too many messages true
	// <nil>
	// 1
}

func ExampleWithMaxConnections() {
	t := new(inMemory)
	defer t.end()
	srv := nanotest.NewServer(t, nano.WithMaxConnections(2))
	srv.Dial(t)
	srv.Dial(t)
	third := srv.DialRaw(t)
	defer third.Close()
	_, err := third.Read(make([]byte, 1))
	st := srv.Stats()
	fmt.Println(err, st.Connections, st.Rejected)
	// Output: EOF 2 1
}

func ExampleWithInFlight() {
	t := new(inMemory)
	defer t.end()
	srv := nanotest.NewServer(t, nano.WithInFlight(8, 64<<10), nano.WithServerInFlight(10_000, 16<<20))
	started, release := make(chan struct{}, 100), make(chan struct{})
	nano.Handle(srv.Server, "slow", func(context.Context, *struct{}) (*struct{}, error) {
		started <- struct{}{}
		<-release
		return nil, nil
	})

	c := srv.Dial(t)
	var answers []func(any) error
	for range 20 { // of which the server reads eight
		answer, _ := c.Go("slow", nil)
		answers = append(answers, answer)
	}
	<-started
	fmt.Println(srv.Stats().InboundMessages <= 8)
	close(release)
	for _, answer := range answers {
		if err := answer(nil); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(srv.Stats().Sent)
	// Output:
	// true
	// 20
}

func ExampleServer_Stats() {
	t := new(inMemory)
	defer t.end()
	srv := nanotest.NewServer(t)
	nano.Handle(srv.Server, "ping", func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
	c := srv.Dial(t)
	_ = c.Request("ping", nil, nil)
	_ = c.Request("pong", nil, nil)
	st := srv.Stats()
	fmt.Println(st.Connections, st.Sessions, st.Received, st.Failed)
	fmt.Println(st.LoopQueue, st.LoopLag, st.Held)
	// Output:
	// 1 1 2 1
	// 0 0s 0
}
