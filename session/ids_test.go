package session_test

import (
	"sync"
	"testing"
	"time"

	"github.com/lonng/nano/mock"
	"github.com/lonng/nano/session"
)

func TestIDsAreUnique(t *testing.T) {
	ids := session.NewIDs(time.Now())
	const goroutines, each = 8, 1000
	var mu sync.Mutex
	seen := make(map[int64]bool)
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			var got []int64
			for range each {
				got = append(got, ids.Next())
			}
			mu.Lock()
			defer mu.Unlock()
			for _, id := range got {
				seen[id] = true
			}
		})
	}
	wg.Wait()
	if len(seen) != goroutines*each {
		t.Errorf("%d different ids of %d", len(seen), goroutines*each)
	}
}

func TestIDsFitJavaScript(t *testing.T) {
	for _, year := range []int{2025, 2100, 2200} {
		if id := session.NewIDs(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)).Next(); id <= 0 || id >= 1<<53 {
			t.Errorf("in %d an id is %d", year, id)
		}
	}
}

// A restart a while later goes on above, as long as there were fewer than a million sessions a second.
func TestIDsAfterRestart(t *testing.T) {
	now := time.Now()
	before := session.NewIDs(now)
	var last int64
	for range 1000 {
		last = before.Next()
	}
	if first := session.NewIDs(now.Add(time.Millisecond + time.Microsecond)).Next(); first <= last {
		t.Errorf("after a restart %d follows %d", first, last)
	}
}

func TestNewSessionsDiffer(t *testing.T) {
	a, b := session.New(mock.NewNetworkEntity()), session.New(mock.NewNetworkEntity())
	if a.ID() == b.ID() || a.ID() <= 0 {
		t.Errorf("ids %d and %d", a.ID(), b.ID())
	}
	c, _ := session.Open(42, mock.NewNetworkEntity())
	if c.ID() != 42 {
		t.Errorf("id %d, want 42", c.ID())
	}
}
