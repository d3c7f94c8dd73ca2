package session

import "maps"

// Get returns the value under key when there is one of type T.
func Get[T any](s *Session, key string) (T, bool) {
	v, ok := s.Value(key).(T)
	return v, ok
}

func get[T any](s *Session, key string) T {
	v, _ := Get[T](s, key)
	return v
}

// Set keeps value under key for as long as the session lives.
func (s *Session) Set(key string, value any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.data == nil {
		s.data = make(map[string]any)
	}
	s.data[key] = value
}

// Value returns the value under key, nil when there is none.
func (s *Session) Value(key string) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data[key]
}

// HasKey reports whether there is a value under key.
func (s *Session) HasKey(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.data[key]
	return ok
}

// Remove removes the value under key.
func (s *Session) Remove(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.data, key)
}

// State returns a copy of all values, never nil.
func (s *Session) State() map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := make(map[string]any, len(s.data))
	maps.Copy(state, s.data)
	return state
}

// Restore replaces all values by a copy of state.
func (s *Session) Restore(state map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data = maps.Clone(state)
}

// Int returns the int under key, 0 when there is none or it has another type; the getters that follow do the same
// for theirs.
func (s *Session) Int(key string) int { return get[int](s, key) }

// Int8 is Int for an int8.
func (s *Session) Int8(key string) int8 { return get[int8](s, key) }

// Int16 is Int for an int16.
func (s *Session) Int16(key string) int16 { return get[int16](s, key) }

// Int32 is Int for an int32.
func (s *Session) Int32(key string) int32 { return get[int32](s, key) }

// Int64 is Int for an int64.
func (s *Session) Int64(key string) int64 { return get[int64](s, key) }

// Uint is Int for a uint.
func (s *Session) Uint(key string) uint { return get[uint](s, key) }

// Uint8 is Int for a uint8.
func (s *Session) Uint8(key string) uint8 { return get[uint8](s, key) }

// Uint16 is Int for a uint16.
func (s *Session) Uint16(key string) uint16 { return get[uint16](s, key) }

// Uint32 is Int for a uint32.
func (s *Session) Uint32(key string) uint32 { return get[uint32](s, key) }

// Uint64 is Int for a uint64.
func (s *Session) Uint64(key string) uint64 { return get[uint64](s, key) }

// Float32 is Int for a float32.
func (s *Session) Float32(key string) float32 { return get[float32](s, key) }

// Float64 is Int for a float64.
func (s *Session) Float64(key string) float64 { return get[float64](s, key) }

// String is Int for a string: "" when there is none.
func (s *Session) String(key string) string { return get[string](s, key) }
