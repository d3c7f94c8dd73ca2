package memnet

import "time"

// deadline is a point in time after which calls fail. A nil one never comes.
// Whoever holds it guards it.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

// set moves the deadline, wake runs when it comes. The zero time means never.
func (d *deadline) set(t time.Time, wake func()) *deadline {
	d.stop()
	if t.IsZero() {
		return d
	}
	if d == nil {
		d = new(deadline)
	}
	// Counted from now, so that the monotonic clock decides whatever t holds,
	// and the timer never fires before the deadline has passed.
	now := time.Now()
	left := t.Sub(now)
	d.at = now.Add(left)
	switch {
	case left <= 0:
	case d.timer == nil:
		d.timer = time.AfterFunc(left, wake)
	default:
		d.timer.Reset(left)
	}
	return d
}

func (d *deadline) passed() bool {
	return d != nil && !d.at.IsZero() && !time.Now().Before(d.at)
}

func (d *deadline) stop() {
	if d == nil {
		return
	}
	d.at = time.Time{}
	if d.timer != nil {
		d.timer.Stop()
	}
}
