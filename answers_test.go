package nano_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/lonng/nano"
	"github.com/lonng/nano/session"
)

// answering serves Life.Call with a function.
func answering(t *testing.T, call func(*session.Session) error) *party {
	t.Helper()
	p := newParty(t, 0)
	p.Register(&Life{call: call})
	p.join(t, p.Dial(t), 1)
	return p
}

func TestOneAnswerARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var again, mid, other error
		p := answering(t, func(s *session.Session) error {
			err := s.Response("first")
			again = s.Response("second")
			mid = s.ResponseMID(s.LastMid(), "third")
			other = s.ResponseMID(12345, "to nobody")
			return err
		})
		var got string
		must(t, p.clients[0].Request("Life.Call", nil, &got))
		synctest.Wait() // until the handler has returned
		if got != "first" || again != nano.ErrAnswered || mid != nano.ErrAnswered || other != nano.ErrAnswered {
			t.Errorf("%q, then %v, %v, %v", got, again, mid, other)
		}
	})
}

// An error after the answer is logged and reaches nobody.
func TestErrorAfterTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := answering(t, func(s *session.Session) error {
			if err := s.Response("answer"); err != nil {
				return err
			}
			return errors.New("too late")
		})
		var got string
		must(t, p.clients[0].Request("Life.Call", nil, &got), p.clients[0].Request("Life.Call", nil, &got))
		synctest.Wait()
		if st := p.Stats(); got != "answer" || st.Failed != 2 || st.Unanswered != 0 {
			t.Errorf("%q, %+v", got, st)
		}
	})
}

// A handler that answers by its result must not answer itself too.
func TestResultAfterTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newLogBook()
		srv := newServer(t, log.option())
		nano.Handle(srv.Server, "both", func(ctx context.Context, _ *struct{}) (*string, error) {
			second := "second"
			return &second, session.FromContext(ctx).Response("first")
		})
		var got string
		must(t, srv.Dial(t).Request("both", nil, &got))
		if synctest.Wait(); got != "first" {
			t.Errorf("got %q", got)
		}
		log.wants(t, "answered already")
	})
}

func TestResponseToANotify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got error
		var mid uint64
		p := answering(t, func(s *session.Session) error {
			got, mid = s.Response("nobody asked"), s.LastMid()
			return nil
		})
		must(t, p.clients[0].Notify("Life.Call", nil))
		if synctest.Wait(); got != nano.ErrNotRequest || mid != 0 {
			t.Errorf("%v, mid %d", got, mid)
		}
	})
}

// Answers may come in any order, from any goroutine, long after.
func TestAnswersInAnyOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mids []uint64
		p := answering(t, func(s *session.Session) error {
			mids = append(mids, s.LastMid())
			return nil
		})
		const n = 50
		var answers []func(any) error
		for range n {
			answer, err := p.clients[0].Go("Life.Call", nil)
			must(t, err)
			answers = append(answers, answer)
		}
		synctest.Wait()
		for i := range n {
			at := (i*7 + 3) % n
			go func() {
				if err := p.sessions[0].ResponseMID(mids[at], fmt.Sprint("answer ", at)); err != nil {
					t.Error(err)
				}
			}()
		}
		for i, answer := range answers {
			var got string
			if must(t, answer(&got)); got != fmt.Sprint("answer ", i) {
				t.Errorf("request %d got %q", i, got)
			}
		}
	})
}

// A request that nobody answers is counted when its session has ended.
func TestUnansweredIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := answering(t, func(s *session.Session) error { return nil })
		for range 3 {
			_, err := p.clients[0].Go("Life.Call", nil)
			must(t, err)
		}
		must(t, p.clients[0].Notify("Life.Call", nil))
		synctest.Wait()
		if n := p.Stats().Unanswered; n != 0 {
			t.Errorf("%d unanswered, while they may be", n)
		}
		p.clients[0].Close()
		synctest.Wait()
		if n := p.Stats().Unanswered; n != 3 {
			t.Errorf("%d unanswered", n)
		}
		if err := p.sessions[0].ResponseMID(1, "late"); err != nano.ErrSessionClosed {
			t.Errorf("an answer after the end: %v", err)
		}
	})
}

func TestClosedSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newParty(t, 1)
		s := p.sessions[0]
		s.Close()
		s.Close()
		p.clients[0].ExpectClosed()
		synctest.Wait()
		for name, err := range map[string]error{
			"Push": s.Push("route", 1),
			"RPC":  s.RPC("me", nil),
			"Bind": s.Bind(9),
			"Kick": s.Kick("kicked", "again"),
		} {
			if err != nano.ErrSessionClosed {
				t.Errorf("%s: %v", name, err)
			}
		}
		if s.Err() == nil || s.Context().Err() == nil {
			t.Error("a closed session lives")
		}
	})
}
