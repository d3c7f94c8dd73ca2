package wire

import (
	"maps"
	"strings"
	"testing"
)

func TestDictionary(t *testing.T) {
	routes := map[string]uint16{"room.message": 1, "room.join": 258, "onMessage": 65535}
	d, err := NewDictionary(routes)
	if err != nil {
		t.Fatal(err)
	}
	want := maps.Clone(routes)
	clear(routes) // the dictionary has a copy
	if d.Len() != len(want) {
		t.Errorf("%d routes, want %d", d.Len(), len(want))
	}
	for route, code := range want {
		if got := d.Code(route); got != code {
			t.Errorf("code of %s is %d, want %d", route, got, code)
		}
		if got, ok := d.Route(code); !ok || got != route {
			t.Errorf("route of %d is %q, want %s", code, got, route)
		}
	}
	var order []string
	for route, code := range d.All() {
		order = append(order, route)
		if code != want[route] {
			t.Errorf("All: %s has %d, want %d", route, code, want[route])
		}
	}
	if got := strings.Join(order, " "); got != "onMessage room.join room.message" {
		t.Errorf("order of All: %s", got)
	}
	for range d.All() {
		break
	}
	checkUnknown(t, d)
}

func TestDictionaryEmpty(t *testing.T) {
	empty, err := NewDictionary(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []*Dictionary{nil, empty} {
		checkUnknown(t, d)
		if d.Len() != 0 {
			t.Errorf("%d routes", d.Len())
		}
		for route := range d.All() {
			t.Errorf("All yields %s", route)
		}
	}
}

func checkUnknown(t *testing.T, d *Dictionary) {
	t.Helper()
	if code := d.Code("elsewhere"); code != 0 {
		t.Errorf("an unknown route has the code %d", code)
	}
	for _, code := range []uint16{0, 7} {
		if route, ok := d.Route(code); ok || route != "" {
			t.Errorf("the unknown code %d is %q", code, route)
		}
	}
}

func TestDictionaryErrors(t *testing.T) {
	long := strings.Repeat("r", MaxRoute+1)
	for _, test := range []struct {
		routes map[string]uint16
		names  []string
	}{
		{map[string]uint16{"a.b": 1, "c.d": 0}, []string{`"c.d"`, "code 0"}},
		{map[string]uint16{"a.b": 7, "c.d": 7}, []string{`"a.b"`, `"c.d"`, "7"}},
		{map[string]uint16{"": 12}, []string{"12", "empty"}},
		{map[string]uint16{long: 1}, []string{long, "255"}},
	} {
		d, err := NewDictionary(test.routes)
		if err == nil || d != nil {
			t.Errorf("%v: no error", test.routes)
			continue
		}
		for _, name := range test.names {
			if !strings.Contains(err.Error(), name) {
				t.Errorf("%q does not say %s", err, name)
			}
		}
	}
	if _, err := NewDictionary(map[string]uint16{long[1:]: 1}); err != nil {
		t.Errorf("a route of %d bytes: %v", MaxRoute, err)
	}
}

// routesOf reads a map from bytes: two of code, then the route up to the next two NULs.
func routesOf(in []byte) map[string]uint16 {
	routes := make(map[string]uint16)
	for entry := range strings.SplitSeq(string(in), "\x00\x00") {
		if len(entry) >= 2 {
			routes[entry[2:]] = uint16(entry[0])<<8 | uint16(entry[1])
		}
	}
	return routes
}

func FuzzDictionary(f *testing.F) {
	f.Add([]byte("\x01\x02room.join\x00\x00\x01\x03room.message\x00\x00\xff\xffonMessage"))
	f.Add([]byte("\x01\x02a.b\x00\x00\x01\x02c.d"))
	f.Add([]byte("\x01\x02"))
	f.Add([]byte("\x01\x01" + strings.Repeat("x", MaxRoute+1)))
	f.Fuzz(func(t *testing.T, in []byte) {
		routes := routesOf(in)
		d, err := NewDictionary(routes)
		if err != nil {
			return
		}
		if got := maps.Collect(d.All()); !maps.Equal(got, routes) || d.Len() != len(routes) {
			t.Fatalf("made of %v, holds %v", routes, got)
		}
		for route, code := range routes {
			checkEntry(t, d, route, code)
		}
	})
}

// checkEntry takes a route over the wire by its code.
func checkEntry(t *testing.T, d *Dictionary, route string, code uint16) {
	b, err := AppendHead(nil, Head{Type: Push, Code: d.Code(route), Route: route})
	if err != nil || len(b) != 3 {
		t.Fatalf("%q: head %x, error %v", route, b, err)
	}
	m, err := ParseMessage(b)
	if err != nil || m.Code != code {
		t.Fatalf("%q: read %+v, error %v", route, m, err)
	}
	if got, ok := d.Route(m.Code); !ok || got != route {
		t.Fatalf("%q came back as %q", route, got)
	}
}
