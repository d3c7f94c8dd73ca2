// Command chat is a chat for the browser: rooms, nicknames, who is here, and what was said before one came.
//
//	go run ./examples/chat
//
// Then open the address that it prints, in two tabs, and talk. The server is this file and chat.go; the page is in web, and
// talks to the server with the JavaScript client of sdk/js.
package main

import (
	"context"
	"embed"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/lonng/nano"
	js "github.com/lonng/nano/sdk/js"
)

//go:embed web
var web embed.FS

func main() {
	addr := flag.String("addr", "127.0.0.1:3250", "where to listen")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr); err != nil {
		fmt.Fprintln(os.Stderr, "chat:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, addr string) error {
	page, err := files()
	if err != nil {
		return err
	}
	srv := nano.New(
		nano.WithWebSocket(addr),
		nano.WithWSPath("/ws"),
		nano.WithHTTP(page),
	)
	newChat(srv)
	fmt.Printf("Chat: open http://%s in two tabs.\n", addr)
	return srv.Run(ctx)
}

// files serves the page, and the client that it imports.
func files() (http.Handler, error) {
	page, err := fs.Sub(web, "web")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(page))
	mux.Handle("GET /nano/", http.StripPrefix("/nano/", http.FileServerFS(js.Files())))
	return mux, nil
}
