package public

import (
	"encoding/json"
	"fmt"
	"html"
	"strings"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
)

const longestText = 60 // characters

// badge is what a badge says.
type badge struct{ Label, Message, Color string }

// colors are those of shields.io, by name, and as it paints them.
var colors = map[string]string{"brightgreen": "#2f7d32", "red": "#b3161d", "lightgrey": "#5b6470", "blue": "#0b5cad"}

// Badge answers with a badge: FILE is its ID and .svg or .json. It is false if there is
// none, or its heartbeat is gone.
func (s *Site) Badge(ctx *fasthttp.RequestCtx, file string) bool {
	name, form, _ := strings.Cut(file, ".")
	id, err := fsm.ParseBadgeID(name)
	if err != nil || form != "svg" && form != "json" {
		return false
	}
	published, found := s.store.Badge(id)
	if !found {
		return false
	}
	b, ok := s.say(published)
	if !ok {
		return false
	}
	ctx.Response.Header.Set(fasthttp.HeaderCacheControl, cacheControl)
	if form == "json" {
		body, _ := json.Marshal(map[string]any{"schemaVersion": 1, "label": b.Label, "message": b.Message, "color": b.Color, "isError": b.Color == "red"})
		ctx.SetContentType("application/json")
		ctx.SetBody(body)
		return true
	}
	ctx.Response.Header.Set("Content-Security-Policy", "default-src 'none'")
	ctx.SetContentType("image/svg+xml")
	ctx.SetBodyString(b.svg())
	return true
}

// say says how the heartbeat of a badge is, or those of its tag.
func (s *Site) say(p fsm.Badge) (b badge, ok bool) {
	if p.Tag != "" {
		s.mu.Lock()
		defer s.mu.Unlock()
		b = ofGroup(s.group(p.Tag, s.now()))
		b.Label = p.Tag
	} else {
		h, err := s.store.Heartbeat(p.Heartbeat)
		if err != nil {
			return b, false
		}
		b = ofState(stateOf(h))
		b.Label = h.Spec.Name
	}
	if p.Label != "" {
		b.Label = p.Label
	}
	b.Label = clip(b.Label)
	return b, true
}

func ofState(state string) badge {
	color := map[string]string{"up": "brightgreen", "failing": "red", "new": "blue"}[state]
	if color == "" {
		color = "lightgrey"
	}
	return badge{Message: state, Color: color}
}

func ofGroup(g *group) badge {
	switch {
	case g.all == 0:
		return badge{Message: "nothing", Color: "lightgrey"}
	case g.failing > 0:
		return badge{Message: fmt.Sprintf("%d of %d failing", g.failing, g.all), Color: "red"}
	case g.paused == g.all:
		return badge{Message: "paused", Color: "lightgrey"}
	case g.unheard == g.all:
		return badge{Message: "new", Color: "blue"}
	case g.paused+g.unheard == g.all:
		return badge{Message: fmt.Sprintf("%d paused, %d new", g.paused, g.unheard), Color: "lightgrey"}
	}
	return badge{Message: "up", Color: "brightgreen"}
}

// clip makes a text short enough, and of characters that XML has.
func clip(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0xFFFE || r == 0xFFFF {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if utf8.RuneCountInString(s) <= longestText {
		return s
	}
	return string([]rune(s)[:longestText-1]) + "…"
}

// width guesses how wide a text is in 11 px Verdana, in pixels.
func width(s string) (w int) {
	for _, r := range s {
		switch {
		case r > 0x2E80: // ideographs, emoji
			w += 12
		case strings.ContainsRune("fijlrt.,:;!'()[] |", r):
			w += 5
		default:
			w += 8
		}
	}
	return w + 10
}

// svg paints a badge.
func (b badge) svg() string {
	left, right := width(b.Label), width(b.Message)
	label, message := html.EscapeString(b.Label), html.EscapeString(b.Message)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="20" role="img" aria-label="%s: %s"><title>%s: %s</title>`+
		`<clipPath id="r"><rect width="%d" height="20" rx="3"/></clipPath><g clip-path="url(#r)"><rect width="%d" height="20" fill="#444"/><rect x="%d" width="%d" height="20" fill="%s"/></g>`+
		`<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11"><text x="%d" y="14">%s</text><text x="%d" y="14">%s</text></g></svg>`,
		left+right, label, message, label, message, left+right, left, left, right, colors[b.Color], left/2, label, left+right/2, message)
}
