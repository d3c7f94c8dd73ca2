package memnet

import (
	"os"
	"testing"

	"github.com/lonng/nano/internal/leaktest"
)

// TestMain fails the run when a goroutine of this package outlives its tests.
func TestMain(m *testing.M) { os.Exit(leaktest.Run(m, "internal/memnet.")) }
