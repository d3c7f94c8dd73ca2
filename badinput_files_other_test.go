//go:build !unix

package nano_test

// openFiles returns how many files may be open, as far as tests need them.
func openFiles() int { return 1 << 12 }
