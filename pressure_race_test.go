//go:build race

package nano_test

const raceEnabled = true
