package nano_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lonng/nano"
	"github.com/lonng/nano/mock"
	"github.com/lonng/nano/session"
)

// groupPlayer is a session with a fake entity that a test can end.
type groupPlayer struct {
	*session.Session
	owner  session.Owner
	entity *mock.NetworkEntity
	ended  bool
}

func newGroupPlayer(uid int64) *groupPlayer {
	entity := mock.NewNetworkEntity()
	s, owner := session.Open(uid, entity)
	_ = s.Bind(uid)
	return &groupPlayer{Session: s, owner: owner, entity: entity}
}

func (p *groupPlayer) end() {
	p.owner.Closing(errors.New("gone"))
	p.owner.Hooks()
	p.owner.Release()
	p.ended = true
}

// Random operations on a group and on a list leave both with the same members.
func TestGroupAgainstModel(t *testing.T) {
	for seed := range uint64(100) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		g := nano.NewGroup("model")
		var model []*groupPlayer
		players := make([]*groupPlayer, 6)
		for i := range players {
			players[i] = newGroupPlayer(int64(i + 1))
		}
		for range 200 {
			i := rnd.IntN(len(players))
			p := players[i]
			at := slices.Index(model, p)
			switch rnd.IntN(10) {
			case 0, 1, 2, 3:
				want := error(nil)
				switch {
				case at >= 0:
					want = nano.ErrSessionDuplication
				case p.ended:
					want = nano.ErrSessionClosed
				default:
					model = append(model, p)
				}
				if err := g.Add(p.Session); err != want {
					t.Fatalf("seed %d: Add: %v, want %v", seed, err, want)
				}
			case 4, 5, 6:
				if err := g.Leave(p.Session); err != nil {
					t.Fatalf("seed %d: Leave: %v", seed, err)
				}
				if at >= 0 {
					model = slices.Delete(model, at, at+1)
				}
			case 7:
				if p.end(); at >= 0 {
					model = slices.Delete(model, at, at+1)
				}
				if rnd.IntN(2) == 0 { // the user comes again
					players[i] = newGroupPlayer(int64(i + 1))
				}
			case 8:
				if rnd.IntN(5) == 0 {
					must(t, g.LeaveAll())
					model = nil
				}
			}
			checkGroup(t, g, model)
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
	}
}

func checkGroup(t *testing.T, g *nano.Group, model []*groupPlayer) {
	t.Helper()
	var want []int64
	for _, p := range model {
		want = append(want, p.UID())
	}
	got := g.Members()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) || g.Count() != len(model) || (got == nil) != (len(model) == 0) {
		t.Errorf("members %v, count %d, want %v", got, g.Count(), want)
	}
	for uid := range int64(8) {
		in := slices.Contains(want, uid)
		s, err := g.Member(uid)
		if g.Contains(uid) != in || (err == nil) != in || in && s.UID() != uid || !in && err != nano.ErrMemberNotFound {
			t.Errorf("user %d: %v, %v, want %v", uid, s, err, in)
		}
	}
}

func TestZeroGroup(t *testing.T) {
	var g nano.Group
	p := newGroupPlayer(1)
	_, member := g.Member(1)
	_, found := g.FindMember(func(*session.Session) bool { return true })
	for name, err := range map[string]error{
		"Add":        g.Add(p.Session),
		"Leave":      g.Leave(p.Session),
		"Broadcast":  g.Broadcast("route", 1),
		"Multicast":  g.Multicast("route", 1, nil),
		"Member":     member,
		"FindMember": found,
		"LeaveAll":   g.LeaveAll(),
		"Close":      g.Close(),
	} {
		if err == nil || !strings.Contains(err.Error(), "NewGroup") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if g.Count() != 0 || g.Members() != nil || g.Contains(1) {
		t.Error("the zero group has members")
	}
	for range g.Sessions() {
		t.Error("the zero group has sessions")
	}
}

// Programs embed a group by value.
func TestGroupCopiesAreOneGroup(t *testing.T) {
	g := nano.NewGroup("table")
	type table struct{ nano.Group }
	a, b := table{*g}, table{*g}
	p := newGroupPlayer(7)
	must(t, a.Add(p.Session))
	if !b.Contains(7) || g.Count() != 1 || b.Add(p.Session) != nano.ErrSessionDuplication {
		t.Error("a copy is another group")
	}
	must(t, b.Broadcast("onTurn", "ann"))
	if p.entity.FindResponseByRoute("onTurn") != "ann" {
		t.Error("a broadcast of a copy reaches nobody")
	}
	must(t, b.Close())
	if a.Add(p.Session) != nano.ErrClosedGroup || g.Close() != nano.ErrCloseClosedGroup {
		t.Error("a copy is still open")
	}
}

func TestClosedGroup(t *testing.T) {
	g := nano.NewGroup("closed")
	p := newGroupPlayer(7)
	must(t, g.Add(p.Session), g.Close())
	_, member := g.Member(7)
	_, found := g.FindMember(nil)
	for name, err := range map[string]error{
		"Add":        g.Add(p.Session),
		"Leave":      g.Leave(p.Session),
		"Broadcast":  g.Broadcast("route", 1),
		"Multicast":  g.Multicast("route", 1, nil),
		"Member":     member,
		"FindMember": found,
		"LeaveAll":   g.LeaveAll(),
	} {
		if err != nano.ErrClosedGroup {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := g.Close(); err != nano.ErrCloseClosedGroup {
		t.Errorf("Close: %v", err)
	}
	if g.Count() != 0 || g.Members() != nil || g.Contains(7) {
		t.Error("a closed group has members")
	}
	p.end() // no membership is left
}

func TestFindMember(t *testing.T) {
	g := nano.NewGroup("find")
	for uid := range int64(4) {
		p := newGroupPlayer(uid + 1)
		p.Set("seat", int(uid))
		must(t, g.Add(p.Session))
	}
	s, err := g.FindMember(func(s *session.Session) bool { return s.Int("seat") == 2 })
	if err != nil || s.UID() != 3 {
		t.Errorf("%v, %v", s, err)
	}
	if _, err := g.FindMember(func(*session.Session) bool { return false }); err != nano.ErrMemberNotFound {
		t.Errorf("%v", err)
	}
	if s, err := g.FindMember(nil); err != nil || s == nil {
		t.Errorf("with a nil filter: %v, %v", s, err)
	}
}

func TestMulticast(t *testing.T) {
	g := nano.NewGroup("multicast")
	var players []*groupPlayer
	for uid := range int64(6) {
		p := newGroupPlayer(uid + 1)
		must(t, g.Add(p.Session))
		players = append(players, p)
	}
	must(t, g.Multicast("onEven", "hello", func(s *session.Session) bool { return s.UID()%2 == 0 }), g.Multicast("onAll", "all", nil))
	for _, p := range players {
		if got := p.entity.FindResponseByRoute("onEven") == "hello"; got != (p.UID()%2 == 0) || p.entity.FindResponseByRoute("onAll") != "all" {
			t.Errorf("user %d got %v", p.UID(), p.entity)
		}
	}
}

// The body of a loop over the members, a filter and a closed hook may change the group.
func TestGroupChangesWhileItIsWalked(t *testing.T) {
	g := nano.NewGroup("walk")
	for uid := range int64(4) {
		must(t, g.Add(newGroupPlayer(uid+1).Session))
	}
	walked := 0
	for s := range g.Sessions() {
		walked++
		must(t, g.Leave(s), g.Add(newGroupPlayer(s.UID()+10).Session))
	}
	if walked != 4 || g.Count() != 4 || g.Contains(1) || !g.Contains(11) {
		t.Errorf("walked %d, members %v", walked, g.Members())
	}
	must(t, g.Multicast("route", 1, func(s *session.Session) bool { return g.Leave(s) == nil }))
	if g.Count() != 0 {
		t.Errorf("%d members", g.Count())
	}
	for range g.Sessions() {
		t.Error("a member that left")
	}
}

// All methods run together, beside the ends of the members.
func TestGroupConcurrentUse(t *testing.T) {
	g := nano.NewGroup("race")
	players := make([]*groupPlayer, 20)
	for i := range players {
		players[i] = newGroupPlayer(int64(i + 1))
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 200 {
				p := players[(i*7+j)%len(players)]
				_, _ = g.Add(p.Session), g.Broadcast("route", j)
				_, _, _ = g.Members(), g.Count(), g.Contains(3)
				if j%5 == 0 {
					_ = g.Leave(p.Session)
				}
				if j%50 == 0 {
					_ = g.LeaveAll()
				}
			}
		})
	}
	wg.Go(func() {
		for _, p := range players {
			p.end()
		}
	})
	wg.Wait()
	if n := g.Count(); n != 0 {
		t.Errorf("%d sessions that have ended are members", n)
	}
}
