package load

import "golang.org/x/sys/unix"

// RaiseFileLimit raises this process's limit of open files to the most that it may have. Its children
// inherit it.
func RaiseFileLimit() error {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return err
	}
	l.Cur = l.Max
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &l)
}
