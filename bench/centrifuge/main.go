// Command centrifuge is a server over github.com/centrifugal/centrifuge with its own protocol: an RPC is
// answered with its data, game.Join subscribes to a room's channel, and a Send publishes its data to
// that channel as often as it asks for.
package main

import (
	"context"
	"net/http"
	"strconv"

	"github.com/centrifugal/centrifuge"

	"github.com/lonng/nano/bench/internal/control"
	"github.com/lonng/nano/bench/internal/game"
)

func main() { control.Main(serve) }

func serve(ctx context.Context, o control.Options) error {
	node, err := centrifuge.New(centrifuge.Config{})
	if err != nil {
		return err
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{}}, nil
	})
	node.OnConnect(func(c *centrifuge.Client) { handle(node, c) })
	if err := node.Run(); err != nil {
		return err
	}
	l, err := o.Listen(ctx)
	if err != nil {
		return err
	}
	return http.Serve(l, centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{}))
}

func handle(node *centrifuge.Node, c *centrifuge.Client) {
	c.OnRPC(func(e centrifuge.RPCEvent, answer centrifuge.RPCCallback) {
		var err error
		if e.Method == game.Join {
			err = c.Subscribe(channel(e.Data))
		}
		answer(centrifuge.RPCReply{Data: e.Data}, err)
	})
	c.OnMessage(func(e centrifuge.MessageEvent) {
		for range game.Count(e.Data) {
			if _, err := node.Publish(channel(e.Data), e.Data); err != nil {
				return
			}
		}
	})
}

func channel(payload []byte) string { return "room" + strconv.Itoa(game.Room(payload)) }
