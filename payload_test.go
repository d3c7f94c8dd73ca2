package nano_test

import (
	"bytes"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/lonng/nano"
	"github.com/lonng/nano/component"
	"github.com/lonng/nano/session"
)

// keeper keeps the payloads that it gets.
type keeper struct {
	component.Base
	kept [][]byte
}

func (k *keeper) Keep(_ *session.Session, raw []byte) error {
	k.kept = append(k.kept, raw)
	return nil
}

// A handler may keep the bytes that it gets: no later message overwrites them, whatever runs the handler.
func TestPayloadsAreTheHandlers(t *testing.T) {
	for name, opts := range map[string][]component.Option{"logic": nil, "concurrent": {component.Concurrent()}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t)
				k := &keeper{}
				srv.Register(k, append(opts, component.WithName("keeper"))...)
				c := srv.Dial(t)
				const n = 500
				for i := range n {
					must(t, c.Notify("keeper.Keep", fmt.Appendf(nil, "payload %d", i)))
				}
				synctest.Wait()
				if len(k.kept) != n {
					t.Fatalf("%d payloads", len(k.kept))
				}
				for i, raw := range k.kept {
					if string(raw) != fmt.Sprintf("payload %d", i) {
						t.Fatalf("payload %d became %q", i, raw)
					}
				}
			})
		})
	}
}

// Who pushes bytes may change them as soon as Push has returned.
func TestPushedBytesAreCopied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newParty(t, 2)
		raw := []byte("before")
		must(t, p.sessions[0].Push("onRaw", raw), p.group.Broadcast("onRaw", raw))
		copy(raw, "after!")
		var got []byte
		for range 2 {
			if p.clients[0].Expect("onRaw", &got); string(got) != "before" {
				t.Errorf("got %q", got)
			}
		}
		if p.clients[1].Expect("onRaw", &got); string(got) != "before" {
			t.Errorf("got %q", got)
		}
	})
}

// An empty payload, a missing body and JSON's null are all a request's zero value.
func TestEmptyRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		nano.Handle(srv.Server, "hello", hello)
		k := &keeper{}
		srv.Register(k)
		c := srv.Dial(t)
		for _, payload := range []any{[]byte{}, []byte("null"), nil} {
			wantCode(t, c.Request("hello", payload, nil), "no-name")
		}
		must(t, c.Notify("keeper.Keep", []byte{}))
		if synctest.Wait(); len(k.kept) != 1 || !bytes.Equal(k.kept[0], []byte{}) || k.kept[0] == nil {
			t.Errorf("an empty payload is %#v", k.kept)
		}
	})
}
