//go:build !unix

package hangup

func check(uintptr) error { return nil }
