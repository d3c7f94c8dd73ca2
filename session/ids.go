package session

import (
	"sync/atomic"
	"time"
)

// IDs hands out session ids: 53 bits, so that JavaScript can hold them, and going on from the clock in microseconds, so that
// a restarted server does not repeat them (as long as it made fewer than a million sessions a second).
// Its methods may be called from any goroutine.
type IDs struct{ last atomic.Int64 }

// NewIDs returns ids that start at now.
func NewIDs(now time.Time) *IDs {
	ids := &IDs{}
	ids.last.Store(now.UnixMicro())
	return ids
}

// Next returns an id that was not returned before.
func (ids *IDs) Next() int64 { return ids.last.Add(1) }

// defaultIDs serves New, whose sessions belong to no server.
var defaultIDs = NewIDs(time.Now())
