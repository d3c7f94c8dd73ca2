package nanotest_test

import (
	"os"
	"testing"

	"github.com/lonng/nano/internal/leaktest"
)

// TestMain fails the run when a goroutine of nano's outlives its tests.
func TestMain(m *testing.M) { os.Exit(leaktest.Run(m, "lonng/nano")) }
