package mock_test

import (
	"sync"
	"testing"

	"github.com/lonng/nano/mock"
	"github.com/lonng/nano/session"
)

var _ session.NetworkEntity = (*mock.NetworkEntity)(nil)

func TestNewEntityHasSentNothing(t *testing.T) {
	n := mock.NewNetworkEntity()
	if n.LastResponse() != nil || n.FindResponseByMID(1) != nil || n.FindResponseByRoute("route") != nil || n.Closed() {
		t.Error("something was sent")
	}
	if n.LastMid() != 1 || n.RemoteAddr().String() != "127.0.0.1:0" || n.RemoteAddr().Network() != "tcp" {
		t.Errorf("LastMid %d, RemoteAddr %v", n.LastMid(), n.RemoteAddr())
	}
}

func TestResponses(t *testing.T) {
	n := mock.NewNetworkEntity()
	_ = n.Response("one")
	n.SetLastMid(2)
	_ = n.Response("two")
	_ = n.ResponseMid(9, "nine")
	for mid, want := range map[uint64]any{1: "one", 2: "two", 9: "nine", 3: nil} {
		if got := n.FindResponseByMID(mid); got != want {
			t.Errorf("answer to %d: %v, want %v", mid, got, want)
		}
	}
	if n.LastResponse() != "nine" || n.LastMid() != 2 {
		t.Errorf("LastResponse %v, LastMid %d", n.LastResponse(), n.LastMid())
	}
	if n.String() != "mock entity with 3 responses" {
		t.Errorf("String: %s", n)
	}
}

func TestPushes(t *testing.T) {
	n := mock.NewNetworkEntity()
	_ = n.Push("onJoin", "ann")
	_ = n.Push("onJoin", "bob")
	_ = n.RPC("Room.Log", "line")
	if n.FindResponseByRoute("onJoin") != "bob" || n.FindResponseByRoute("Room.Log") != "line" || n.LastResponse() != nil {
		t.Errorf("onJoin %v, Room.Log %v", n.FindResponseByRoute("onJoin"), n.FindResponseByRoute("Room.Log"))
	}
}

func TestClose(t *testing.T) {
	n := mock.NewNetworkEntity()
	if err := n.Close(); err != nil || !n.Closed() {
		t.Errorf("Close: %v, Closed: %v", err, n.Closed())
	}
}

func TestConcurrentUse(t *testing.T) {
	n := mock.NewNetworkEntity()
	var wg sync.WaitGroup
	for i := range uint64(4) {
		wg.Go(func() {
			for range 100 {
				n.SetLastMid(i)
				_, _, _ = n.Response(i), n.Push("route", i), n.Close()
				_, _, _, _ = n.LastMid(), n.LastResponse(), n.FindResponseByMID(i), n.FindResponseByRoute("route")
				_, _ = n.Closed(), n.String()
			}
		})
	}
	wg.Wait()
}
