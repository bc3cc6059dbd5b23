package channel

import (
	"bytes"
	"encoding/json"
)

// JSON writes a body with no more escapes than JSON needs: < and & are not for HTML here, and six times
// as long.
func JSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// minText is what remains of a text at least.
const minText = 100

// FitJSON writes a body of at most so many bytes. Its text may have text bytes, or less: quotes and line
// ends take two when they are escaped.
func FitJSON(most, text int, body func(text int) any) ([]byte, error) {
	for {
		b, err := JSON(body(text))
		if err != nil || len(b) <= most || text <= minText {
			return b, err
		}
		text = max(text*3/4, minText)
	}
}
