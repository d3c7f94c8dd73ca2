package scheduler

import "runtime"

// goroutineID returns the number of the calling goroutine, which is never 0:
// a stack trace begins with "goroutine 123 [running]:".
func goroutineID() uint64 {
	var buf [32]byte
	var id uint64
	for _, c := range buf[len("goroutine "):runtime.Stack(buf[:], false)] {
		if c < '0' || c > '9' {
			break
		}
		id = id*10 + uint64(c-'0')
	}
	return id
}
