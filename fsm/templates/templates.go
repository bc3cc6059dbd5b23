package templates

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
	"unicode"
	"unicode/utf8"

	"github.com/quorumbeat/quorumbeat/fsm/charset"
)

// What a template may become, in bytes.
const (
	MaxSubject = 300
	MaxText    = 2000
)

// maxParentheses is of one action: each is filled in by itself when a template is checked.
const maxParentheses = 20

// functions are those that a template may call: they end at once, and make nothing longer. (len counts bytes.)
var functions = template.FuncMap{"upper": strings.ToUpper, "lower": strings.ToLower}

var allowed = []string{"and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "upper", "lower"}

// Check says what is wrong with a template; nil if it can be saved. An empty one stands for the words
// that are built in.
func Check(source string) error {
	if source == "" {
		return nil
	}
	t, err := parseSource(source)
	if err != nil {
		return err
	}
	for _, associated := range t.Templates() {
		if associated != t {
			return errors.New("it defines another template, which is not allowed")
		}
	}
	if t.Tree == nil || t.Root == nil {
		return errors.New("it says nothing")
	}
	if err := cmp.Or(checkNode(t.Root), checkPipes(t.Root)); err != nil {
		return err
	}
	said := ""
	for _, s := range Samples() {
		text, err := Fill(source, s.Data, MaxText)
		if err != nil {
			return err
		}
		said += text
	}
	if SaysNothing(said) {
		return errors.New("it says nothing")
	}
	return nil
}

func parseSource(source string) (*template.Template, error) {
	t, err := template.New("template").Funcs(functions).Parse(source)
	if err != nil {
		return nil, explainParsing(source, err)
	}
	return t, nil
}

// checkNode refuses what is not known to be harmless.
func checkNode(n parse.Node) error {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return nil
		}
		return checkAll(n.Nodes)
	case *parse.TextNode, *parse.StringNode, *parse.NumberNode, *parse.BoolNode, *parse.CommentNode:
		return nil
	case *parse.ActionNode:
		return checkNode(n.Pipe)
	case *parse.IfNode:
		return cmp.Or(checkNode(n.Pipe), checkNode(n.List), checkNode(n.ElseList))
	case *parse.PipeNode:
		if len(n.Decl) > 0 {
			return errors.New("it has variables, which are not allowed")
		}
		for _, c := range n.Cmds {
			if err := checkAll(c.Args); err != nil {
				return err
			}
		}
		return nil
	case *parse.IdentifierNode:
		if !slices.Contains(allowed, n.Ident) {
			return fmt.Errorf("it calls %s: only %s are allowed", n.Ident, list(allowed))
		}
		return nil
	case *parse.FieldNode:
		if len(n.Ident) != 1 || !isField(n.Ident[0]) {
			return fmt.Errorf("there is no field .%s: there are .%s", strings.Join(n.Ident, "."), strings.Join(Fields(), ", ."))
		}
		return nil
	}
	return fmt.Errorf("%.40q is not allowed: %s%s", n.String(), hint, list(allowed))
}

func checkAll(nodes []parse.Node) error { return firstError(nodes, checkNode) }

func firstError(nodes []parse.Node, check func(parse.Node) error) error {
	for _, n := range nodes {
		if err := check(n); err != nil {
			return err
		}
	}
	return nil
}

// checkPipes fills in each action, condition and part in parentheses by itself: also what no sample comes to, since the alerts
// for which it is are of another kind, must not fail when one is sent.
func checkPipes(n parse.Node) error {
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			return firstError(n.Nodes, checkPipes)
		}
	case *parse.ActionNode:
		return checkPipes(n.Pipe)
	case *parse.IfNode:
		return cmp.Or(checkPipes(n.Pipe), checkPipes(n.List), checkPipes(n.ElseList))
	case *parse.PipeNode:
		source := n.String()
		if strings.Count(source, "(") > maxParentheses {
			return fmt.Errorf("{{%.40s… has more than %d parentheses: take some of them out", source, maxParentheses)
		}
		for _, c := range n.Cmds {
			if err := firstError(c.Args, checkPipes); err != nil {
				return err
			}
		}
		for _, d := range []Data{Samples()[0].Data, {}} { // all is known, and nothing
			if _, err := Fill("{{"+source+"}}", d, MaxText); err != nil {
				return err
			}
		}
	}
	return nil
}

// Subject fills in a template of the subject: one line, in which spaces stand for what a name may not have. It is ""
// if that says nothing.
func Subject(source string, d Data) (string, error) {
	text, err := Fill(source, d, MaxSubject)
	if err != nil || SaysNothing(text) {
		return "", err
	}
	return strings.Join(strings.FieldsFunc(text, func(c rune) bool { return unicode.IsControl(c) || charset.IsMisleading(c) }), " "), nil
}

// Text fills in a template of the text. It is "" if that says nothing.
func Text(source string, d Data) (string, error) {
	text, err := Fill(source, d, MaxText)
	if err != nil || SaysNothing(text) {
		return "", err
	}
	return text, nil
}

// Fill makes of a template what it says of an alert, at most so many bytes. What is longer ends with an
// ellipsis. An error says why there is nothing.
func Fill(source string, d Data, most int) (string, error) {
	t, err := parseSource(source)
	if err != nil {
		return "", err
	}
	if err := checkNode(t.Root); err != nil {
		return "", err
	}
	out := &bounded{most: most}
	if err := t.Execute(out, d); err != nil && !errors.Is(err, errFull) {
		return "", explainFailing(err)
	}
	text := strings.ToValidUTF8(out.text.String(), "\uFFFD")
	if len(text) > most {
		text = cut(text, most)
	}
	return strings.TrimSpace(text), nil
}

func cut(text string, most int) string {
	const dots = "…"
	text = text[:most-len(dots)]
	for len(text) > 0 && !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	return text + dots
}

var errFull = errors.New("that is long enough")

// bounded keeps what is written to it, a little more than its limit.
type bounded struct {
	text strings.Builder
	most int
}

func (b *bounded) Write(p []byte) (int, error) {
	room := b.most + utf8.UTFMax - b.text.Len()
	b.text.Write(p[:max(0, min(len(p), room))])
	if len(p) > room {
		return 0, errFull
	}
	return len(p), nil
}
