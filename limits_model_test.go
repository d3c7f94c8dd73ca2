package nano_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lonng/nano"
)

// tokens is a token bucket as one would draw it, in billionths.
type tokens struct {
	perSecond, burst, have int64
	at                     time.Time
}

func newTokens(perSecond, burst int) *tokens {
	return &tokens{int64(perSecond), int64(burst), int64(burst) * 1e9, time.Now()}
}

func (b *tokens) has(n int) bool {
	now := time.Now()
	b.have = min(b.burst*1e9, b.have+int64(now.Sub(b.at))*b.perSecond)
	b.at = now
	return b.have >= min(int64(n), b.burst)*1e9
}

func (b *tokens) take(n int) { b.have -= int64(n) * 1e9 }

// What is refused, and what is not, follows a model, whatever comes when. The rates are such that tokens come in whole nanoseconds.
func TestRateRefuseModel(t *testing.T) {
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 6))
			l := nano.RateLimit{Messages: []int{1, 2, 4, 5, 8, 10, 20}[rnd.IntN(7)], MessageBurst: 1 + rnd.IntN(10), Bytes: 1000, ByteBurst: 1 + rnd.IntN(1000), Policy: nano.LimitRefuse}
			r := newRateServer(t, l)
			c := r.dial(t)
			synctest.Wait()
			messages, bytes := newTokens(l.Messages, l.MessageBurst), newTokens(l.Bytes, l.ByteBurst)
			limited, passed := int64(0), 0
			for id := uint64(1); id < 1500; id++ {
				if rnd.IntN(3) == 0 {
					pass(time.Duration(rnd.Int64N(int64(time.Second) >> rnd.IntN(12))))
				}
				packet := packRequest(id, "note", strings.Repeat("x", rnd.IntN(300)))
				notify := rnd.IntN(4) == 0
				if notify {
					packet = packNotify("note", strings.Repeat("x", rnd.IntN(300)))
				}
				may := messages.has(1) && bytes.has(len(packet))
				if may {
					messages.take(1)
					bytes.take(len(packet))
					passed++
				} else {
					limited++
				}
				c.send(packet)
				synctest.Wait()
				if notify {
					continue
				}
				m, err := c.message()
				if err != nil || m.ID != id || m.IsError == may || !may && !strings.Contains(string(m.Payload), `"limited"`) {
					t.Fatalf("%+v: message %d, which may pass: %v: %v, error %v: %.50s", l, id, may, err, m.IsError, m.Payload)
				}
			}
			if st := r.Stats(); st.Limited != limited || len(r.handled) != passed || st.Delayed != 0 {
				t.Errorf("%+v, %d handled, want %d refused, %d handled", st, len(r.handled), limited, passed)
			}
		})
	}
}
