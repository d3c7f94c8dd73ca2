package mailbox

import "slices"

// maxOwed bounds the requests of one session that wait for an answer; beyond it the oldest are given up.
const maxOwed = 4096

// owed is the ids of the requests that have no answer yet, oldest first. Its owner guards it.
type owed []uint64

// add returns false when an older request had to be given up for it.
func (o *owed) add(id uint64) bool {
	fits := len(*o) < maxOwed
	if !fits {
		*o = slices.Delete(*o, 0, 1)
	}
	*o = append(*o, id)
	return fits
}

func (o *owed) has(id uint64) bool { return slices.Contains(*o, id) }

// take returns false when the id is not owed.
func (o *owed) take(id uint64) bool {
	i := slices.Index(*o, id)
	if i < 0 {
		return false
	}
	if len(*o) == 1 && cap(*o) > 64 {
		*o = nil
		return true
	}
	*o = slices.Delete(*o, i, i+1)
	return true
}
