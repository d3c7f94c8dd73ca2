package nano_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lonng/nano"
	"github.com/lonng/nano/internal/doubles"
)

// certificate returns a server's certificate for 127.0.0.1 and the configuration of a client that trusts it.
func certificate(t *testing.T) (server tls.Certificate, client *tls.Config) {
	t.Helper()
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	client = s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	client.ServerName, client.NextProtos = "127.0.0.1", nil
	return s.TLS.Certificates[0], client
}

// certificateFiles writes a certificate and its key as PEM files.
func certificateFiles(t *testing.T, cert tls.Certificate) (certFile, keyFile string) {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	must(t, err)
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	must(t,
		os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}), 0o600),
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600))
	return certFile, keyFile
}

// wantService has a client on conn called back.
func wantService(t *testing.T, conn net.Conn) {
	t.Helper()
	c := doubles.Starx(t, conn)
	defer c.Close()
	must(t, c.Connect())
	if got := request(t, c, "Life.Call", ""); got != `"called"` {
		t.Errorf("answer %s", got)
	}
}

func TestTLSAndSecureWebSocket(t *testing.T) {
	cert, client := certificate(t)
	log := newLogBook()
	// A certificate manager's configuration offers HTTP/2, which nano does not speak.
	config := &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}}
	srv := nano.New(nano.WithTCP("127.0.0.1:0"), nano.WithWebSocket("127.0.0.1:0"), nano.WithTLS(config), log.option(),
		nano.WithHTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "page over "+r.Proto) })))
	srv.Register(&Life{})
	addrs := running(t, srv, log, 2)

	conn, err := tls.Dial("tcp", addrs[0], client)
	must(t, err)
	wantService(t, conn)

	conn, err = tls.Dial("tcp", addrs[1], client)
	must(t, err)
	socket, err := dialPath(t, conn, "/", "http://game.example")
	must(t, err)
	wantService(t, socket)

	browser := client.Clone()
	browser.NextProtos = []string{"h2", "http/1.1"}
	conn, err = tls.Dial("tcp", addrs[1], browser)
	must(t, err)
	defer conn.Close()
	if got := conn.ConnectionState().NegotiatedProtocol; got != "http/1.1" {
		t.Errorf("a browser is offered %q", got)
	}
	httpClient := &http.Client{Transport: &http.Transport{TLSClientConfig: browser, ForceAttemptHTTP2: true}}
	defer httpClient.CloseIdleConnections()
	resp, err := httpClient.Get("https://" + addrs[1] + "/")
	must(t, err)
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); string(body) != "page over HTTP/1.1" {
		t.Errorf("page %q", body)
	}
	if config.NextProtos[0] != "h2" {
		t.Error("the caller's configuration was changed")
	}
}

func TestPlainBytesToTLS(t *testing.T) {
	cert, client := certificate(t)
	log := newLogBook()
	srv := nano.New(nano.WithTCP("127.0.0.1:0"), nano.WithTLS(&tls.Config{Certificates: []tls.Certificate{cert}}), log.option())
	srv.Register(&Life{})
	addr := running(t, srv, log, 1)[0]
	plain, err := net.Dial("tcp", addr)
	must(t, err)
	defer plain.Close()
	writeAll(t, plain, []byte("GET / HTTP/1.1\r\n\r\n"))
	_, _ = io.Copy(io.Discard, plain) // until the server has closed
	conn, err := tls.Dial("tcp", addr, client)
	must(t, err)
	wantService(t, conn)
}

func TestListenWithTLSFiles(t *testing.T) {
	cert, client := certificate(t)
	certFile, keyFile := certificateFiles(t, cert)
	for _, opts := range [][]nano.Option{
		{nano.WithTLSConfig(certFile, keyFile)},
		{nano.WithTSLConfig(certFile, keyFile), nano.WithIsWebsocket(true)},
	} {
		l := listen(t, append(opts, comps(&Life{}))...)
		secure, err := tls.Dial("tcp", l.addr, client)
		must(t, err)
		conn := net.Conn(secure)
		if len(opts) == 2 {
			conn, err = dialPath(t, secure, "/", "")
			must(t, err)
		}
		wantService(t, conn)
		must(t, l.end())
	}
}

func TestBadTLSOptions(t *testing.T) {
	cert, _ := certificate(t)
	certFile, keyFile := certificateFiles(t, cert)
	for _, test := range []struct {
		opts []nano.Option
		want string
	}{
		{[]nano.Option{nano.WithTLSConfig("no-such-file.pem", keyFile)}, "WithTLSConfig"},
		{[]nano.Option{nano.WithTLSConfig(certFile, "no-such-file.pem")}, "no-such-file.pem"},
		{[]nano.Option{nano.WithTLSConfig(certFile, "")}, "WithTLSConfig"},
		{[]nano.Option{nano.WithTLSConfig(keyFile, certFile)}, "WithTLSConfig"},
		{[]nano.Option{nano.WithTLSConfig(certFile, keyFile), nano.WithTLS(&tls.Config{})}, "give one of them"},
	} {
		srv := nano.New(append(test.opts, nano.WithTCP("127.0.0.1:0"), newLogBook().option())...)
		srv.Register(&Life{})
		if err := srv.Run(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q is not in the error %v", test.want, err)
		}
	}
}
