//go:build unix

package nano_test

import "syscall"

// openFiles returns how many files may be open, after asking for as many as are allowed.
func openFiles() int {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil {
		return 0
	}
	most := l
	most.Cur = min(most.Max, 1<<16)
	if most.Cur > l.Cur && syscall.Setrlimit(syscall.RLIMIT_NOFILE, &most) == nil {
		l = most
	}
	return int(min(l.Cur, 1<<16))
}
