package nano_test

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/lonng/nano"
	"github.com/lonng/nano/session"
)

// childVariable makes the test binary a program that listens; its value says how.
const childVariable = "NANO_TEST_CHILD"

// child is the main of that program.
func child() (status int) {
	life := &Life{
		beforeShutdown: func() { fmt.Println("before shutdown") },
		shutdown:       func() { fmt.Println("shutdown") },
	}
	if os.Getenv(childVariable) == "stuck" {
		life.beforeShutdown = func() {
			fmt.Println("stuck")
			select {}
		}
	}
	session.Lifetime.OnClosed(func(*session.Session) { fmt.Println("closed") })
	log := slog.New(slog.NewTextHandler(os.Stdout, nil))
	if err := nano.Listen("127.0.0.1:0", comps(life), nano.WithSlog(log), nano.WithShutdownTimeout(time.Hour)); err != nil {
		fmt.Println("Listen returned", err)
		return 1
	}
	fmt.Println("Listen returned nothing")
	return 0
}
