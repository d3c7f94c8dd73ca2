//go:build unix

package hangup

import "syscall"

// pending returns the error that the next read or write would return, and takes it.
func pending(fd uintptr) error {
	n, err := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_ERROR)
	if err != nil || n == 0 {
		return nil
	}
	return syscall.Errno(n)
}
