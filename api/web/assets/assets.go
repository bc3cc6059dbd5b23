// Package assets is the files that pages share: styles, the script, icons. Their names carry a
// hash of what is in them, so that browsers may keep them for ever. Pages that are no part of
// the dashboard have them too, under addresses of their own.
package assets

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"path"
	"strings"
)

//go:embed *.css *.js *.svg
var files embed.FS

// CacheControl is the header that a file is answered with.
const CacheControl = "public, max-age=31536000, immutable"

var hashes = func() map[string]string {
	out := map[string]string{}
	names, _ := fs.Glob(files, "*")
	for _, name := range names {
		b, _ := files.ReadFile(name)
		sum := sha256.Sum256(b)
		out[name] = hex.EncodeToString(sum[:6])
	}
	return out
}()

// Name is the name of a file with its hash: NAME.HASH.EXT.
func Name(name string) string {
	ext := path.Ext(name)
	return strings.TrimSuffix(name, ext) + "." + hashes[name] + ext
}

var types = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}

// Find returns a file by what Name returned, and its type; false if there is none, or another
// version of it.
func Find(hashed string) (body []byte, contentType string, found bool) {
	ext := path.Ext(hashed)
	stem, hash, _ := strings.Cut(strings.TrimSuffix(hashed, ext), ".")
	name := stem + ext
	if hashes[name] == "" || hashes[name] != hash {
		return nil, "", false
	}
	body, err := files.ReadFile(name)
	return body, types[ext], err == nil
}
