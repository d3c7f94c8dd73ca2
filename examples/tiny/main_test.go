package main

import (
	"testing"
	"testing/synctest"

	"github.com/lonng/nano/nanotest"
)

func TestEverybodyHears(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := nanotest.NewServer(t)
		serve(srv.Server)

		ann, bob := srv.Dial(t), srv.Dial(t)
		for _, c := range []*nanotest.Client{ann, bob} {
			if err := c.Request("room.join", nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := ann.Notify("room.say", Message{Text: "hi"}); err != nil {
			t.Fatal(err)
		}
		var m Message
		bob.Expect("onSay", &m)
		if m.Text != "hi" {
			t.Fatal(m)
		}
	})
}
