package ws

import (
	"os"
	"testing"

	"github.com/lonng/nano/internal/leaktest"
)

// TestMain fails the run when a goroutine of this package or of its server
// outlives the tests.
func TestMain(m *testing.M) { os.Exit(leaktest.Run(m, "transport/ws.", "net/http.")) }
