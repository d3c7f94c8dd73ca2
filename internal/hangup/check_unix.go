//go:build unix && !linux

package hangup

func check(fd uintptr) error { return pending(fd) }
