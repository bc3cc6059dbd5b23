package api

import (
	"testing"
)

// TestThePageOfWords shows what templates would say, saves what is right, and says what is wrong.
func TestThePageOfWords(t *testing.T) {
	r := newChannelRig(t)
	b := r.browse(testKey)
	const path = "/ui/channels/words"
	post := func(body string) answer { return b.submit(path, path, body) }
	saved := func() string { return r.call("GET", "/v1/templates", "").body }
	before := saved()
	pageHas(t, post("preview=1&subject=X+{{.State}}+{{.Name}}&text="), 200, "X DOWN nightly-sync", "Nothing is saved yet")
	pageHas(t, post("subject={{.Nam}}"), 422, "Nothing was saved", "there is no field .Nam")
	pageHas(t, post("text={{.Nam}}"), 422, `aria-describedby="d-text"`, `<span id="d-text"><strong>Text: there is no field .Nam`)
	if saved() != before {
		t.Errorf("a preview or a mistake saved %s", saved())
	}
	if a := post("subject={{.Name}}!&text=a%0D%0Ab"); a.status != 303 {
		t.Errorf("saved: %d %s", a.status, a.body)
	}
	pageHas(t, b.get(path), 200, "nightly-sync!", "a\nb")
}
