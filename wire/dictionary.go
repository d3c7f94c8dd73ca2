package wire

import (
	"fmt"
	"iter"
	"maps"
	"slices"
)

// Dictionary gives routes codes of two bytes. It does not change once made, so that any number of
// goroutines may use it; a nil *Dictionary is an empty one.
type Dictionary struct {
	codes  map[string]uint16
	routes map[uint16]string
}

// NewDictionary makes a dictionary of routes and their codes; it copies the map. Errors name the
// route: it is empty or over [MaxRoute] bytes, or its code is 0 or another route's.
func NewDictionary(routes map[string]uint16) (*Dictionary, error) {
	d := &Dictionary{
		codes:  maps.Clone(routes),
		routes: make(map[uint16]string, len(routes)),
	}
	for route, code := range d.All() {
		switch other, taken := d.routes[code]; {
		case route == "":
			return nil, fmt.Errorf("wire: dictionary: the route of code %d is empty", code)
		case len(route) > MaxRoute:
			return nil, fmt.Errorf("wire: dictionary: route %q is over %d bytes", route, MaxRoute)
		case code == 0:
			return nil, fmt.Errorf("wire: dictionary: route %q has code 0", route)
		case taken:
			return nil, fmt.Errorf("wire: dictionary: routes %q and %q share code %d", other, route, code)
		}
		d.routes[code] = route
	}
	return d, nil
}

// Code returns the route's code, 0 if it has none.
func (d *Dictionary) Code(route string) uint16 {
	if d == nil {
		return 0
	}
	return d.codes[route]
}

// Route returns the route that the code stands for.
func (d *Dictionary) Route(code uint16) (string, bool) {
	if d == nil {
		return "", false
	}
	route, ok := d.routes[code]
	return route, ok
}

// Len returns the number of routes.
func (d *Dictionary) Len() int {
	if d == nil {
		return 0
	}
	return len(d.codes)
}

// All yields every route with its code, sorted by route.
func (d *Dictionary) All() iter.Seq2[string, uint16] {
	return func(yield func(string, uint16) bool) {
		if d == nil {
			return
		}
		for _, route := range slices.Sorted(maps.Keys(d.codes)) {
			if !yield(route, d.codes[route]) {
				return
			}
		}
	}
}
