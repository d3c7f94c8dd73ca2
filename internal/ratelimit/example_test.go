package ratelimit_test

import (
	"fmt"
	"time"

	"github.com/lonng/nano/internal/ratelimit"
)

func Example() {
	limit := ratelimit.Limit{Messages: ratelimit.NewRate(2, 3)} // two a second, three at once
	var l ratelimit.Limiter
	now := int64(0)
	clock := func() int64 { return now }
	for range 4 {
		fmt.Println(l.Take(&limit, 100, clock))
	}
	now += int64(500 * time.Millisecond)
	fmt.Println(l.Take(&limit, 100, clock))
	// Output:
	// 0s
	// 0s
	// 0s
	// 500ms
	// 0s
}
