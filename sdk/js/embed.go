// Package js carries the browser client, so that a Go server can serve it beside its game without a
// build step or a copy:
//
//	mux.Handle("GET /nano/", http.StripPrefix("/nano/", http.FileServerFS(js.Files())))
//
// A page then imports it as a module:
//
//	import { Client } from '/nano/index.js';
package js

import (
	"embed"
	"io/fs"
)

//go:embed src
var src embed.FS

// Files returns the client's modules; index.js stands at the root. The file system is read-only and
// safe for concurrent use.
func Files() fs.FS {
	sub, err := fs.Sub(src, "src")
	if err != nil { // only for an invalid name, which "src" is not
		return src
	}
	return sub
}
