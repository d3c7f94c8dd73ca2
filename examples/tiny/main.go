// Command tiny is a chat with its page in one file: open the address that it prints in two tabs.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"

	"github.com/lonng/nano"
	js "github.com/lonng/nano/sdk/js"
	"github.com/lonng/nano/session"
)

type Message struct {
	Text string `json:"text"`
}

const page = `<!doctype html><meta charset="utf-8"><title>Chat</title>
<form><input autofocus placeholder="Say something"></form><ol></ol>
<script type="module">
import { Client } from '/nano/index.js';
const client = new Client('/ws'), input = document.querySelector('input');
client.on('onSay', (m) => {
  const line = document.createElement('li');
  line.textContent = m.text;
  document.querySelector('ol').append(line);
});
await client.connect();
await client.request('room.join');
document.querySelector('form').onsubmit = (event) => {
  event.preventDefault();
  client.notify('room.say', { text: input.value });
  input.value = '';
};
</script>`

func main() {
	mux := http.NewServeMux()
	mux.Handle("GET /nano/", http.StripPrefix("/nano/", http.FileServerFS(js.Files())))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, page) })

	const addr = "127.0.0.1:3251"
	srv := nano.New(nano.WithWebSocket(addr), nano.WithWSPath("/ws"), nano.WithHTTP(mux))
	serve(srv)
	fmt.Println("open http://" + addr + " in two tabs")
	log.Fatal(srv.Run(context.Background()))
}

func serve(srv *nano.Server) {
	room := srv.NewGroup("room")
	nano.Handle(srv, "room.join", func(ctx context.Context, _ *struct{}) (*struct{}, error) {
		return nil, room.Add(session.FromContext(ctx))
	})
	nano.HandleNotify(srv, "room.say", func(_ context.Context, m *Message) error {
		return room.Broadcast("onSay", m)
	})
}
