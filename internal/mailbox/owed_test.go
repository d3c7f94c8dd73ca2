package mailbox

import (
	"math/rand/v2"
	"testing"
)

// Adding and taking at random does what a list does.
func TestOwed(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	var o owed
	var model []uint64
	for range 20_000 {
		id := uint64(r.IntN(30))
		at := -1
		for i, m := range model {
			if m == id {
				at = i
				break
			}
		}
		if o.has(id) != (at >= 0) {
			t.Fatalf("has(%d) = %v", id, o.has(id))
		}
		if r.IntN(2) == 0 {
			if !o.add(id) {
				t.Fatal("no room")
			}
			model = append(model, id) // the same id twice takes two answers
			continue
		}
		if o.take(id) != (at >= 0) {
			t.Fatalf("take(%d) with the id at %d", id, at)
		}
		if at >= 0 {
			model = append(model[:at:at], model[at+1:]...)
		}
	}
	if len(o) != len(model) {
		t.Errorf("%d ids, want %d", len(o), len(model))
	}
}

func TestOwedBound(t *testing.T) {
	var o owed
	for id := range uint64(maxOwed) {
		if !o.add(id) {
			t.Fatal("full too early")
		}
	}
	if o.add(maxOwed) || len(o) != maxOwed || o.has(0) || !o.has(1) || !o.has(maxOwed) {
		t.Errorf("one too many: %d ids, the oldest there: %v", len(o), o.has(0))
	}
	for id := uint64(1); id <= maxOwed; id++ {
		if !o.take(id) {
			t.Fatalf("%d is not there", id)
		}
	}
	if cap(o) != 0 {
		t.Errorf("an empty list keeps room for %d", cap(o))
	}
}
