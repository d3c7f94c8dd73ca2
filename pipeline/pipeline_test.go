package pipeline_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/lonng/nano/mock"
	"github.com/lonng/nano/pipeline"
	"github.com/lonng/nano/session"
)

var errRefused = errors.New("refused")

// adds returns a filter that appends c to the payload.
func adds(c byte) pipeline.Func {
	return func(_ *session.Session, m *pipeline.Message) error {
		m.Data = append(m.Data, c)
		return nil
	}
}

func refuses(*session.Session, *pipeline.Message) error { return errRefused }

func process(t *testing.T, c pipeline.Channel) (string, error) {
	t.Helper()
	var m pipeline.Message
	err := c.Process(nil, &m)
	return string(m.Data), err
}

func TestEmptyChannel(t *testing.T) {
	p := pipeline.New()
	for _, c := range []pipeline.Channel{p.Inbound(), p.Outbound()} {
		if c.Compose() != nil {
			t.Error("an empty channel has a filter")
		}
		if got, err := process(t, c); got != "" || err != nil {
			t.Errorf("Process: %q, %v", got, err)
		}
	}
}

// Filters pushed to the front and to the back, at random, run in the order of a list.
func TestOrderAgainstModel(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		c := pipeline.New().Inbound()
		var model []byte
		for range rnd.IntN(20) {
			name := 'a' + byte(rnd.IntN(26))
			if rnd.IntN(2) == 0 {
				c.PushFront(adds(name))
				model = slices.Insert(model, 0, name)
			} else {
				c.PushBack(adds(name))
				model = append(model, name)
			}
			if got, err := process(t, c); got != string(model) || err != nil {
				t.Fatalf("seed %d: %q, %v, want %q", seed, got, err, model)
			}
		}
	}
}

func TestDirectionsAreApart(t *testing.T) {
	p := pipeline.New()
	p.Inbound().PushBack(adds('i'))
	p.Outbound().PushBack(adds('o'))
	in, _ := process(t, p.Inbound())
	out, _ := process(t, p.Outbound())
	if in != "i" || out != "o" {
		t.Errorf("in %q, out %q", in, out)
	}
}

func TestErrorEndsTheChain(t *testing.T) {
	c := pipeline.New().Outbound()
	c.PushBack(adds('a'))
	c.PushBack(refuses)
	c.PushBack(adds('b'))
	if got, err := process(t, c); got != "a" || err != errRefused {
		t.Errorf("%q, %v", got, err)
	}
}

// What a server composed at its start does not change.
func TestComposeIsASnapshot(t *testing.T) {
	c := pipeline.New().Inbound()
	c.PushBack(adds('a'))
	composed := c.Compose()
	c.PushFront(adds('x'))
	c.PushBack(adds('y'))
	var m pipeline.Message
	if err := composed(nil, &m); err != nil || string(m.Data) != "a" {
		t.Errorf("%q, %v", m.Data, err)
	}
	if got, _ := process(t, c); got != "xay" {
		t.Errorf("the channel: %q", got)
	}
}

func TestFilterSeesSessionAndMessage(t *testing.T) {
	s := session.New(mock.NewNetworkEntity())
	c := pipeline.New().Inbound()
	c.PushBack(func(got *session.Session, m *pipeline.Message) error {
		if got != s || m.ID != 7 || m.Route != "Room.Join" || string(m.Data) != "hello" {
			t.Errorf("session %v, message %+v", got, m)
		}
		m.Data[0] = 'H' // in place
		return nil
	})
	m := &pipeline.Message{ID: 7, Route: "Room.Join", Data: []byte("hello")}
	if err := c.Process(s, m); err != nil || string(m.Data) != "Hello" {
		t.Errorf("%v, %q", err, m.Data)
	}
}

func TestConcurrentUse(t *testing.T) {
	c := pipeline.New().Inbound()
	var wg sync.WaitGroup
	const goroutines, each = 4, 50
	for range goroutines {
		wg.Go(func() {
			for i := range each {
				if i%2 == 0 {
					c.PushBack(adds('b'))
				} else {
					c.PushFront(adds('f'))
				}
				_ = c.Process(nil, &pipeline.Message{})
			}
		})
	}
	wg.Wait()
	got, _ := process(t, c)
	half := goroutines * each / 2
	if len(got) != 2*half || got[half-1] != 'f' || got[half] != 'b' {
		t.Errorf("%q", got)
	}
}
