package nano

import (
	"context"
	"sync"
)

// tracker counts what must end before a server has ended. Unlike a sync.WaitGroup it may grow while somebody waits, who
// may give up.
type tracker struct {
	mu   sync.Mutex
	n    int
	none chan struct{} // closed when n is 0 again; nil when nobody waits
}

func (t *tracker) add() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n++
}

func (t *tracker) done() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n--; t.n == 0 && t.none != nil {
		close(t.none)
		t.none = nil
	}
}

// run runs fn on a goroutine that is tracked.
func (t *tracker) run(fn func()) {
	t.add()
	go func() {
		defer t.done()
		fn()
	}()
}

// wait waits until there is nothing, or ctx ends.
func (t *tracker) wait(ctx context.Context) error {
	for {
		t.mu.Lock()
		if t.n == 0 {
			t.mu.Unlock()
			return nil
		}
		if t.none == nil {
			t.none = make(chan struct{})
		}
		none := t.none
		t.mu.Unlock()
		select {
		case <-none:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
