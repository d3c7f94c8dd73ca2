package ws

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// socketServer is a Listener over sockets.
type socketServer struct {
	*Listener
	t       *testing.T
	connect func() (net.Conn, error)
}

func listenSocket(t *testing.T, c Config, network, addr string, wrap func(net.Listener) net.Listener,
	connect func(net.Addr) (net.Conn, error)) *socketServer {
	t.Helper()
	inner, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	at := inner.Addr()
	s := &socketServer{NewListener(wrap(inner), c), t, func() (net.Conn, error) { return connect(at) }}
	t.Cleanup(func() { s.Close() })
	return s
}

func noWrap(l net.Listener) net.Listener { return l }

func dialAddr(a net.Addr) (net.Conn, error) { return net.Dial(a.Network(), a.String()) }

func listenTCP(t *testing.T, c Config) *socketServer {
	return listenSocket(t, c, "tcp", "127.0.0.1:0", noWrap, dialAddr)
}

func listenUnix(t *testing.T, c Config) *socketServer {
	return listenSocket(t, c, "unix", filepath.Join(t.TempDir(), "s"), noWrap, dialAddr)
}

func listenTLS(t *testing.T, c Config) *socketServer {
	config := &tls.Config{Certificates: []tls.Certificate{certificate(t)}}
	return listenSocket(t, c, "tcp", "127.0.0.1:0",
		func(l net.Listener) net.Listener { return tls.NewListener(l, config) },
		func(a net.Addr) (net.Conn, error) {
			return tls.Dial("tcp", a.String(), &tls.Config{InsecureSkipVerify: true})
		})
}

var certificate = func() func(t *testing.T) tls.Certificate {
	var once sync.Once
	var made tls.Certificate
	return func(t *testing.T) tls.Certificate {
		once.Do(func() {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
			der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
			if err != nil {
				t.Fatal(err)
			}
			made = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
		})
		return made
	}
}()

func (s *socketServer) pair() (*client, *Conn) {
	s.t.Helper()
	conn, err := s.connect()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(soon())
	c := newClient(s.t, conn).upgrade("/", "")
	accepted, err := s.Accept()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { accepted.Close() })
	return c, accepted.(*Conn)
}

var sockets = map[string]func(t *testing.T, c Config) *socketServer{
	"tcp": listenTCP, "tls": listenTLS, "unix": listenUnix,
}

// TestSocketEveryByte writes frames byte by byte.
func TestSocketEveryByte(t *testing.T) {
	for name, listen := range sockets {
		t.Run(name, func(t *testing.T) {
			c, conn := listen(t, Config{}).pair()
			small := session[:300] // up to the large message
			want, _ := decodeAll(small, -1, len(small))
			go func() {
				for i := range small {
					c.send(small[i : i+1])
				}
			}()
			wantRead(t, conn, string(want))
		})
	}
}

// TestSocketSplit cuts a frame in two at every place.
func TestSocketSplit(t *testing.T) {
	for name, listen := range sockets {
		t.Run(name, func(t *testing.T) {
			c, conn := listen(t, Config{}).pair()
			msg := strings.Repeat("m", 200)
			f := binaryFrame(msg)
			for i := range f {
				c.send(f[:i])
				c.send(f[i:], f[:i])
				c.send(f[i:])
				wantRead(t, conn, msg+msg)
			}
		})
	}
}

func TestSocketSession(t *testing.T) {
	for name, listen := range sockets {
		t.Run(name, func(t *testing.T) {
			c, conn := listen(t, Config{}).pair()
			for _, size := range []int{1, 1000, maxCopied + 1, 100_000} {
				msg := strings.Repeat("m", size)
				go func() {
					if n, err := conn.Write([]byte(msg)); n != size || err != nil {
						t.Errorf("Write: %d of %d, %v", n, size, err)
					}
				}()
				c.wantFrame(ws.OpBinary, msg)
			}
			c.send(session)
			wantRead(t, conn, sessionPayload)
			wantReadError(t, conn, io.EOF)
			c.wantSessionEnd()
		})
	}
}

// TestSocketCloseWith checks that last words survive input that nobody reads
// at the time.
func TestSocketCloseWith(t *testing.T) {
	for name, listen := range sockets {
		t.Run(name, func(t *testing.T) {
			c, conn := listen(t, Config{}).pair()
			c.send(binaryFrame("unread"))
			conn.Write([]byte("kick"))
			if err := conn.CloseWith(4000, "kicked"); err != nil {
				t.Fatal(err)
			}
			go func() {
				_, _ = io.Copy(io.Discard, struct{ io.Reader }{conn})
				conn.Close()
			}()
			c.wantFrame(ws.OpBinary, "kick")
			c.wantFrame(ws.OpClose, "\x0f\xa0kicked")
			c.send(closeFrame(4000, ""))
			c.wantEnd()
		})
	}
}

func TestSocketViolation(t *testing.T) {
	for name, listen := range sockets {
		t.Run(name, func(t *testing.T) {
			c, conn := listen(t, Config{}).pair()
			c.send(fragment(fin|byte(ws.OpText), "x"), make([]byte, 5000))
			go func() {
				wantCloseError(t, conn, 1003)
				conn.Close()
			}()
			c.wantClose(1003)
		})
	}
}
