package session_test

import (
	"maps"
	"math/rand/v2"
	"reflect"
	"strconv"
	"testing"

	"github.com/lonng/nano/session"
)

// Random operations on a session and on a map leave both with the same values.
func TestValuesAgainstMap(t *testing.T) {
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		s, _ := newSession()
		model := map[string]any{}
		var saved, savedModel map[string]any
		for step := range 300 {
			key := "k" + strconv.Itoa(rnd.IntN(8))
			switch rnd.IntN(12) {
			case 0, 1, 2, 3, 4:
				v := randomValue(rnd)
				s.Set(key, v)
				model[key] = v
			case 5, 6:
				s.Remove(key)
				delete(model, key)
			case 7:
				s.Clear()
				clear(model)
			case 8:
				saved, savedModel = s.State(), maps.Clone(model)
			case 9:
				s.Restore(saved)
				model = maps.Clone(savedModel)
				if model == nil {
					model = map[string]any{}
				}
			case 10:
				s.State()["intruder"] = step // a copy: nothing happens to the session
			}
			checkValues(t, s, model, key)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func randomValue(rnd *rand.Rand) any {
	n := rnd.IntN(100)
	return []any{n, int8(n), int64(n), uint16(n), float32(n), float64(n), strconv.Itoa(n), nil, &n, []int{n}}[rnd.IntN(10)]
}

func checkValues(t *testing.T, s *session.Session, model map[string]any, key string) {
	t.Helper()
	want, has := model[key]
	if s.HasKey(key) != has || !reflect.DeepEqual(s.Value(key), want) {
		t.Errorf("%s: %v, %v, want %v, %v", key, s.Value(key), s.HasKey(key), want, has)
	}
	if n, _ := want.(int); s.Int(key) != n {
		t.Errorf("Int(%s): %d, want %d", key, s.Int(key), n)
	}
	if text, _ := want.(string); s.String(key) != text {
		t.Errorf("String(%s): %q, want %q", key, s.String(key), text)
	}
	if state := s.State(); state == nil || !reflect.DeepEqual(state, model) {
		t.Errorf("State: %v, want %v", state, model)
	}
}

func TestRestoreCopies(t *testing.T) {
	s, _ := newSession()
	_ = s.Bind(7)
	state := map[string]any{"a": 1}
	s.Restore(state)
	state["a"], state["b"] = 2, 3
	s.Set("c", 4)
	if s.Int("a") != 1 || s.HasKey("b") || len(state) != 2 || s.UID() != 7 {
		t.Errorf("values %v, the map %v, user %d", s.State(), state, s.UID())
	}
	s.Restore(nil)
	if len(s.State()) != 0 {
		t.Errorf("after Restore(nil): %v", s.State())
	}
	s.Set("d", 5)
	if s.Int("d") != 5 {
		t.Error("nothing can be set after Restore(nil)")
	}
}

func TestGetters(t *testing.T) {
	s, _ := newSession()
	getters := map[string]struct {
		value any
		get   func(key string) any
	}{
		"int":     {int(-1), func(k string) any { return s.Int(k) }},
		"int8":    {int8(-8), func(k string) any { return s.Int8(k) }},
		"int16":   {int16(-16), func(k string) any { return s.Int16(k) }},
		"int32":   {int32(-32), func(k string) any { return s.Int32(k) }},
		"int64":   {int64(-64), func(k string) any { return s.Int64(k) }},
		"uint":    {uint(1), func(k string) any { return s.Uint(k) }},
		"uint8":   {uint8(8), func(k string) any { return s.Uint8(k) }},
		"uint16":  {uint16(16), func(k string) any { return s.Uint16(k) }},
		"uint32":  {uint32(32), func(k string) any { return s.Uint32(k) }},
		"uint64":  {uint64(64), func(k string) any { return s.Uint64(k) }},
		"float32": {float32(0.5), func(k string) any { return s.Float32(k) }},
		"float64": {float64(0.25), func(k string) any { return s.Float64(k) }},
		"string":  {"text", func(k string) any { return s.String(k) }},
	}
	for name, g := range getters {
		s.Set(name, g.value)
	}
	for name, g := range getters {
		zero := reflect.Zero(reflect.TypeOf(g.value)).Interface()
		if got := g.get(name); got != g.value {
			t.Errorf("%s: %v, want %v", name, got, g.value)
		}
		if got := g.get("absent"); got != zero {
			t.Errorf("%s of an absent key: %v", name, got)
		}
		for other := range getters {
			if got := g.get(other); other != name && got != zero {
				t.Errorf("%s of a value of type %s: %v", name, other, got)
			}
		}
	}
}

func TestGet(t *testing.T) {
	s, _ := newSession()
	type player struct{ name string }
	s.Set("player", &player{"ann"})
	s.Set("nil", (*player)(nil))
	if p, ok := session.Get[*player](s, "player"); !ok || p.name != "ann" {
		t.Errorf("Get: %v, %v", p, ok)
	}
	if p, ok := session.Get[*player](s, "nil"); !ok || p != nil {
		t.Errorf("Get of a nil pointer: %v, %v", p, ok)
	}
	if _, ok := session.Get[player](s, "player"); ok {
		t.Error("Get finds a value of another type")
	}
	if v, ok := session.Get[any](s, "absent"); ok || v != nil {
		t.Errorf("Get of an absent key: %v, %v", v, ok)
	}
}
