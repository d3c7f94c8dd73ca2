//go:build unix

package sendq

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// socket is a Conn over a real socket, whose queue shares a Flusher.
type socket struct {
	q  *Queue
	nc *net.TCPConn

	mu      sync.Mutex
	drained int
	failed  int
}

// sockets returns both ends of a connection whose buffers are small.
func sockets(t *testing.T, f *Flusher) (*socket, *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.Close()
		b.Close()
	})
	s := &socket{q: new(Queue), nc: b.(*net.TCPConn)}
	_ = s.nc.SetWriteBuffer(64 << 10)
	_ = a.(*net.TCPConn).SetReadBuffer(64 << 10)
	s.q.Init(s, &Limits{Soft: 1 << 30, SoftTime: time.Hour, Hard: 1 << 30})
	s.q.Share(f, Raw(b))
	return s, a.(*net.TCPConn)
}

func (s *socket) WriteFrames(b []byte) error {
	for len(b) > 0 {
		n, err := s.nc.Write(b[:min(len(b), 10_000)])
		if err != nil {
			return err
		}
		s.q.Wrote(n)
		b = b[n:]
	}
	return nil
}

func (s *socket) Drained() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drained++
	_ = s.nc.CloseWrite()
}

func (s *socket) WriteFailed(error) {
	s.mu.Lock()
	s.failed++
	s.mu.Unlock()
	s.q.Close(nil)
}

func (s *socket) Overflow() {}

func (s *socket) told() (drained, failed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.drained, s.failed
}

// checkIdle fails when a Flusher without work has goroutines or remembers queues.
func checkIdle(t *testing.T, f *Flusher) {
	t.Helper()
	idle := func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.running == 0 && len(f.dirty) == f.head
	}
	for end := time.Now().Add(10 * time.Second); !idle(); <-time.After(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d queues", f.running, len(f.dirty)-f.head)
		}
	}
	for _, q := range f.dirty[:cap(f.dirty)] {
		if q != nil {
			t.Fatal("an idle Flusher holds a queue")
		}
	}
}

// Many append to many queues that share a Flusher, and some peers do not read until the others are done: nothing is lost, doubled or
// overtaken, and nobody waits for the stalled.
func TestSharedFlusher(t *testing.T) {
	const writers, quick, stalled = 4, 20, 4
	each := 300
	f := NewFlusher()
	var socks []*socket
	var ends []*net.TCPConn
	for range quick + stalled {
		s, end := sockets(t, f)
		socks, ends = append(socks, s), append(ends, end)
	}
	got := make([][]byte, len(ends))
	var quickReaders, lateReaders, appending sync.WaitGroup
	for w := range byte(writers) {
		appending.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 8))
			for i := range each {
				for _, s := range socks {
					switch corks := w == 0; {
					case corks && r.IntN(3) == 0:
						s.q.Cork()
					case corks && r.IntN(2) == 0:
						s.q.Uncork()
					}
					if err := s.q.Append(frame(w, i, frameHead+r.IntN(6000))); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	read := func(i int) {
		b, err := io.ReadAll(ends[i])
		if err != nil {
			t.Error(err)
		}
		got[i] = b
	}
	for i := range quick {
		quickReaders.Go(func() { read(i) })
	}
	appending.Wait()
	last := frame(writers, 0, 50)
	var done []<-chan struct{}
	for _, s := range socks {
		done = append(done, s.q.Close(last))
	}
	quickReaders.Wait()
	checkIdle(t, f) // the stalled have goroutines of their own
	for i := quick; i < len(ends); i++ {
		lateReaders.Go(func() { read(i) })
	}
	lateReaders.Wait()
	for i, s := range socks {
		<-done[i]
		counts := checkOrder(t, got[i])
		for w := range byte(writers) {
			if counts[w] != each {
				t.Errorf("queue %d: %d frames of %d, want %d", i, counts[w], w, each)
			}
		}
		drained, failed := s.told()
		if !bytes.HasSuffix(got[i], last) || counts[writers] != 1 || drained != 1 || failed != 0 || s.q.Len() != 0 {
			t.Errorf("queue %d: drained %d times, %d failures, %d bytes left, %d last frames", i, drained, failed, s.q.Len(), counts[writers])
		}
	}
	checkIdle(t, f)
}

// What is held back comes in a moment at the latest, and before the end; one who uncorks writes by himself.
func TestCork(t *testing.T) {
	f := NewFlusher()
	s, peer := sockets(t, f)
	_ = peer.SetReadDeadline(time.Now().Add(20 * time.Second))
	buf := make([]byte, 4<<10)
	want := func(frames ...[]byte) {
		t.Helper()
		all := bytes.Join(frames, nil)
		if _, err := io.ReadFull(peer, buf[:len(all)]); err != nil || !bytes.Equal(buf[:len(all)], all) {
			t.Fatalf("%x, %v, want %x", buf[:len(all)], err, all)
		}
	}
	for i := 0; i < 20; i += 2 {
		a, b := frame(1, i, 20), frame(1, i+1, 30)
		s.q.Cork()
		_ = s.q.Append(a)
		_ = s.q.Append(b)
		if i%4 == 0 {
			s.q.Uncork()
		} // else nobody uncorks
		want(a, b)
		s.q.Uncork()
		s.q.Uncork()
	}
	s.q.Cork()
	_ = s.q.Append(frame(2, 0, 20))
	done := s.q.Close(frame(3, 0, 20))
	<-done
	want(frame(2, 0, 20), frame(3, 0, 20))
	s.q.Cork()
	s.q.Uncork()
	checkIdle(t, f)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, q := range f.held[:cap(f.held)] {
		if q != nil {
			t.Error("the Flusher holds a queue")
		}
	}
}

// A peer that resets its connection costs its own queue only, and is told once.
func TestSharedFailure(t *testing.T) {
	f := NewFlusher()
	bad, end := sockets(t, f)
	good, peer := sockets(t, f)
	_ = end.SetLinger(0)
	end.Close()
	for i := 0; bad.q.Append(frame(1, i, 1000)) == nil; i++ {
		if err := good.q.Append(frame(1, i, 20)); err != nil {
			t.Fatal(err)
		}
	}
	<-bad.q.Close(frame(2, 0, 20))
	if drained, failed := bad.told(); drained != 1 || failed != 1 || bad.q.Len() != 0 {
		t.Errorf("drained %d times, %d failures, %d bytes left", drained, failed, bad.q.Len())
	}
	done := good.q.Close(frame(2, 0, 20))
	b, err := io.ReadAll(peer)
	if err != nil || !bytes.HasSuffix(b, frame(2, 0, 20)) {
		t.Errorf("the other got %d bytes, %v", len(b), err)
	}
	checkOrder(t, b)
	<-done
	checkIdle(t, f)
}

// A deadline that has passed fails a stalled queue, whose flusher then ends.
func TestSharedDeadline(t *testing.T) {
	f := NewFlusher()
	s, _ := sockets(t, f)
	if err := s.q.Append(frame(1, 0, 8<<20)); err != nil {
		t.Fatal(err)
	}
	checkIdle(t, f) // it waits on its own
	_ = s.nc.SetWriteDeadline(time.Now())
	<-s.q.Close(nil)
	if drained, failed := s.told(); drained != 1 || failed != 1 || s.q.Len() != 0 {
		t.Errorf("drained %d times, %d failures, %d bytes left", drained, failed, s.q.Len())
	}
}

// The list of a Flusher that always has some work does not grow.
func TestListDoesNotGrow(t *testing.T) {
	f := &Flusher{max: 1, running: 1} // nobody takes but this test
	var batch [atATime]*Queue
	queues := make([]Queue, 100)
	for i := range queues {
		f.add(&queues[i])
	}
	next := 0
	for range 10_000 {
		n := f.take(&batch, false)
		for _, q := range batch[:n] {
			if q != &queues[next%len(queues)] {
				t.Fatal("out of order")
			}
			next++
			f.add(q)
		}
	}
	if n := cap(f.dirty); n > 10*len(queues) {
		t.Errorf("room for %d queues where there are %d", n, len(queues))
	}
}
