package main

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/lonng/nano/nanotest"
	"github.com/lonng/nano/wire"
)

// inChat runs a test against a chat in fake time.
func inChat(t *testing.T, test func(t *testing.T, dial func(room, name string) *nanotest.Client)) {
	synctest.Test(t, func(t *testing.T) {
		srv := nanotest.NewServer(t)
		newChat(srv.Server)
		test(t, func(room, name string) *nanotest.Client {
			t.Helper()
			c := srv.Dial(t)
			join(t, c, room, name)
			return c
		})
	})
}

func join(t *testing.T, c *nanotest.Client, room, name string) Joined {
	t.Helper()
	var joined Joined
	if err := c.Request("chat.join", Join{Room: room, Name: name}, &joined); err != nil {
		t.Fatalf("join %s as %s: %v", room, name, err)
	}
	return joined
}

func send(t *testing.T, c *nanotest.Client, text, nonce string) Message {
	t.Helper()
	var m Message
	if err := c.Request("chat.send", Send{Text: text, Nonce: nonce}, &m); err != nil {
		t.Fatalf("send: %v", err)
	}
	return m
}

func expect[T any](t *testing.T, c *nanotest.Client, route string, want T) {
	t.Helper()
	var got T
	c.Expect(route, &got)
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s: got %+v, want %+v", route, got, want)
	}
}

func TestMessagesReachTheRoomAndItsHistory(t *testing.T) {
	inChat(t, func(t *testing.T, dial func(room, name string) *nanotest.Client) {
		ann, bob, far := dial("general", "Ann"), dial("General ", "Bob"), dial("games", "Cleo")
		m := send(t, ann, "  hello\n", "n1")
		if m.Text != "hello" || m.Name != "Ann" || m.Nonce != "n1" {
			t.Fatalf("said %+v", m)
		}
		expect(t, ann, "chat.message", m)
		expect(t, bob, "chat.message", m)
		if got := join(t, far, "general", "Cleo"); !reflect.DeepEqual(got.History, []Message{m}) {
			t.Fatalf("history: %+v", got.History)
		}
		synctest.Wait()
		if far.Pushes("chat.message") != 0 {
			t.Fatal("a message reached another room")
		}
	})
}

func TestAMessageSentTwiceIsSaidOnce(t *testing.T) {
	inChat(t, func(t *testing.T, dial func(room, name string) *nanotest.Client) {
		ann, bob := dial("general", "Ann"), dial("general", "Bob")
		first := send(t, ann, "hello", "n1")
		if again := send(t, ann, "hello", "n1"); again != first {
			t.Fatalf("said twice: %+v and %+v", first, again)
		}
		if other := send(t, bob, "hello", "n1"); other.ID == first.ID {
			t.Fatal("the nonce of another is not one's own")
		}
		if a, b := send(t, ann, "x", ""), send(t, ann, "x", ""); a.ID == b.ID {
			t.Fatal("no nonce says nothing")
		}
	})
}

func TestHistoryHasTheLastMessages(t *testing.T) {
	inChat(t, func(t *testing.T, dial func(room, name string) *nanotest.Client) {
		ann := dial("general", "Ann")
		for i := range historyLen + 3 {
			send(t, ann, fmt.Sprint(i), "")
		}
		history := join(t, dial("games", "Bob"), "general", "Bob").History
		if len(history) != historyLen || history[0].Text != "3" {
			t.Fatalf("%d messages from %q", len(history), history[0].Text)
		}
	})
}

func TestPresenceCountsPeopleNotTabs(t *testing.T) {
	inChat(t, func(t *testing.T, dial func(room, name string) *nanotest.Client) {
		ann, tab1, tab2 := dial("general", "Ann"), dial("general", "Bob"), dial("general", "Bob")
		expect(t, ann, "chat.presence", Presence{People: []string{"Ann", "Bob"}, Joined: "Bob"})
		tab1.Close()
		synctest.Wait()
		if n := ann.Pushes("chat.presence"); n != 0 {
			t.Fatalf("%d more notices", n)
		}
		join(t, tab2, "games", "Bob")
		expect(t, ann, "chat.presence", Presence{People: []string{"Ann"}, Left: "Bob"})
		again := join(t, ann, "general", "Ann")
		want := []Info{{"games", 1}, {"general", 1}, {"random", 0}}
		if !reflect.DeepEqual(again.Rooms, want) || !reflect.DeepEqual(again.People, []string{"Ann"}) {
			t.Fatalf("rooms %v, people %v", again.Rooms, again.People)
		}
	})
}

func TestTypingReachesTheOthers(t *testing.T) {
	inChat(t, func(t *testing.T, dial func(room, name string) *nanotest.Client) {
		ann, bob := dial("general", "Ann"), dial("general", "Bob")
		if err := ann.Notify("chat.typing", struct{}{}); err != nil {
			t.Fatal(err)
		}
		expect(t, bob, "chat.typing", Typing{Name: "Ann"})
		synctest.Wait()
		if ann.Pushes("chat.typing") != 0 {
			t.Fatal("Ann knows that she is writing")
		}
	})
}

func TestRoomsAreBounded(t *testing.T) {
	inChat(t, func(t *testing.T, dial func(room, name string) *nanotest.Client) {
		roamer := dial("general", "Ann")
		for i := range 2 * maxRooms { // those that are left are dropped
			join(t, roamer, fmt.Sprint("room", i), "Ann")
		}
		for i := range maxRooms - 4 { // one is Ann's, three are permanent
			dial(fmt.Sprint("full", i), "Bob")
		}
		err := roamer.Request("chat.join", Join{Room: "one-more", Name: "Ann"}, nil)
		if wire.CodeOf(err) != "too-many-rooms" {
			t.Fatalf("got %v", err)
		}
	})
}

func TestRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := nanotest.NewServer(t)
		newChat(srv.Server)
		c := srv.Dial(t)
		code := func(route string, req any) string { return wire.CodeOf(c.Request(route, req, nil)) }
		for _, tt := range []struct {
			route string
			req   any
			want  string
		}{
			{"chat.send", Send{Text: "too early"}, "not-joined"},
			{"chat.join", Join{Room: "general"}, "bad-name"},
			{"chat.join", Join{Name: "Ann"}, "bad-room"},
			{"chat.join", Join{Room: "general", Name: "Ann"}, ""},
			{"chat.send", Send{Text: " \n "}, "bad-message"},
			{"chat.send", Send{Text: "hi", Nonce: strings.Repeat("n", 65)}, "bad-request"},
			{"chat.join", Join{Room: "a/b", Name: "Ann"}, "bad-room"},
			{"chat.send", Send{Text: "still here"}, ""},
		} {
			if got := code(tt.route, tt.req); got != tt.want {
				t.Errorf("%s %+v: %q, want %q", tt.route, tt.req, got, tt.want)
			}
		}
	})
}

func TestClean(t *testing.T) {
	for _, tt := range []struct {
		clean    func(string) (string, error)
		in, want string // want "": refused
	}{
		{cleanName, "  Ann \t Lovelace ", "Ann Lovelace"},
		{cleanName, "美玲", "美玲"},
		{cleanName, strings.Repeat("é", maxName), strings.Repeat("é", maxName)},
		{cleanName, strings.Repeat("é", maxName+1), ""},
		{cleanName, "a\u202eb", ""},
		{cleanName, " \u00a0 ", ""},
		{cleanRoom, " General ", "general"},
		{cleanRoom, "späte-runde_2", "späte-runde_2"},
		{cleanRoom, "-general", ""},
		{cleanRoom, "a b", ""},
		{cleanRoom, "<b>", ""},
		{cleanRoom, strings.Repeat("r", maxRoom+1), ""},
		{cleanText, "\x00 a\r\n\tb \x1b[0m\n", "a\n\tb [0m"},
		{cleanText, strings.Repeat("x", maxText), strings.Repeat("x", maxText)},
		{cleanText, strings.Repeat("x", maxText+1), ""},
		{cleanText, "\x00\x01", ""},
	} {
		got, err := tt.clean(tt.in)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%.40q: got %.40q, %v; want %.40q", tt.in, got, err, tt.want)
		}
	}
}
