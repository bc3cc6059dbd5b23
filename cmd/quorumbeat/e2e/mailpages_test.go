package e2e

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// pageOf is the HTML of a golden mail, decoded.
func pageOf(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	testkit.Must(t, err)
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	testkit.Must(t, err)
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	testkit.Must(t, err)
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := r.NextRawPart()
		testkit.Must(t, err)
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			body, err := io.ReadAll(quotedprintable.NewReader(part))
			testkit.Must(t, err)
			return body
		}
	}
}

// broken is the words of a mail that stand on two lines though they would fit on one: its states, and short names.
const broken = `[...document.querySelectorAll('h1 span, td.quiet, td b')].filter(e => e.innerText.length < 13 && (() => {
	const r = document.createRange(); r.selectNodeContents(e)
	return new Set([...r.getClientRects()].map(x => Math.round(x.top))).size > 1
})()).map(e => e.innerText).join(', ')`

// No state or short name is broken, and nothing hangs over the edge, in the widths of a telephone, a preview and a window.
func TestMailsFitTheirReaders(t *testing.T) {
	t.Parallel()
	mails := map[string]string{
		"digest": "five states in a tag", "mixed": "names in a group", "together": "three groups", "gone": "a state of two words", "long": "a long name",
	}
	pages := http.NewServeMux()
	for name := range mails {
		page := pageOf(t, filepath.Join("../../../testdata/mail", name+".eml"))
		pages.HandleFunc("/"+name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write(page)
		})
	}
	server := httptest.NewServer(pages)
	t.Cleanup(server.Close)
	b := openBrowser(t, server.URL)
	for name, why := range mails {
		for _, width := range []int64{375, 500, 700} {
			b.appears(width, "dark")
			b.visit("/" + name)
			b.fits()
			words, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](broken))
			testkit.Must(t, err)
			if words != "" {
				t.Errorf("%s (%s) at %d pixels breaks %s", name, why, width, words)
			}
		}
	}
}
