package check

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

func TestParse(t *testing.T) {
	for text, canonical := range map[string]string{
		"bytes > 0":                         "bytes > 0",
		" bytes>0 ":                         "bytes > 0",
		"bytes = 5":                         "bytes == 5",
		"bytes >= 0.5 * last":               "bytes >= 0.5 * last",
		"bytes >= last*0.5":                 "bytes >= 0.5 * last",
		"bytes>=last":                       "bytes >= last",
		"rows.new != -1e3":                  "rows.new != -1000",
		"seconds <= 3 * median":             "seconds <= 3 * median",
		"exit_code == 0":                    "exit_code == 0",
		`body contains "done"`:              `body contains "done"`,
		`body contains"done"`:               `body contains "done"`,
		`body doesn't contain "ERROR\n"`:    `body doesn't contain "ERROR\n"`,
		`body does not contain "a \"b\" c"`: `body doesn't contain "a \"b\" c"`,
		"_x < 1e300":                        "_x < 1e+300",
	} {
		c, err := Parse(text)
		if err != nil || c.String() != canonical {
			t.Errorf("%q: %q, %v; want %q", text, c, err, canonical)
		}
	}
}

func TestARefusalSaysWhatIsWrongAndWhatWouldBeRight(t *testing.T) {
	for text, want := range map[string]string{
		"":                         `it is empty; write one like "bytes > 0"`,
		"bytes":                    "behind bytes there is no comparison",
		"bytes >":                  "behind > there is no value",
		"bytes => 0":               `"=>" is no comparison: it must be one of >= <= == != > <; did you mean bytes >= 0?`,
		"Bytes > 0":                `"Bytes" is no name of a number`,
		"BYTES > 0":                "did you mean bytes > 0?",
		"0 < bytes":                "did you mean bytes > 0?",
		"bytes > 10k":              "did you mean bytes > 10000?",
		"took < 5 min":             "did you mean seconds < 300?",
		"5m > duration":            "did you mean seconds < 300?",
		"bytes >= 50% of last":     "did you mean bytes >= 50e-2 * last?",
		"bytes > 0 and rows > 0":   "did you mean bytes > 0?",
		"bytes > zero":             `"zero" is no value`,
		"bytes > 2 * 3":            "a number may be multiplied by last or by median",
		"bytes > x * last":         `"x" is no number to multiply last by`,
		"bytes > NaN":              "is no value",
		"bytes > Inf":              "is no value",
		"bytes > 0x10":             "is no value",
		"bytes > 1e999":            "is no value",
		"last > 1":                 `"last" is no name of a number`,
		"body contains done":       `did you mean body contains "done"?`,
		"body contains 'done'":     `did you mean body contains "done"?`,
		`body includes "done"`:     `did you mean body contains "done"?`,
		`body must not have "x"`:   `did you mean body doesn't contain "x"?`,
		`body contains ""`:         "the text is empty",
		"body":                     "a body contains or doesn't contain a text",
		"bytes > 0\n":              "control characters",
		"bytes > \xff":             "not valid UTF-8",
		strings.Repeat("a", 201):   "it has 201 bytes; a check may have 200",
		"my-bytes > 0":             "did you mean my_bytes > 0?",
		"bytes at least 5":         "did you mean bytes >= 5?",
		"bytes >= 0.5 * previous":  "did you mean bytes >= 0.5 * last?",
		"bytes >= 0.5 last":        "did you mean bytes >= 0.5 * last?",
		"exit status == 0":         "did you mean exit_code == 0?",
		"exit is 0":                "did you mean exit_code == 0?",
		"Exit == 0":                "did you mean exit_code == 0?",
		"exit-code === 0":          "did you mean exit_code == 0?",
		`output contains "done"`:   `did you mean body contains "done"?`,
		`stdout includes done`:     `did you mean body contains "done"?`,
		`log must not have "ERR"`:  `did you mean body doesn't contain "ERR"?`,
		"duration < 5m":            "did you mean seconds < 300?",
		"seconds <= 90s":           "did you mean seconds <= 90?",
		"runtime < 2 hours":        "did you mean seconds < 7200?",
		"seconds < 500ms":          "did you mean seconds < 0.5?",
		"bytes > 5m":               "did you mean bytes > 5000000?",
		"bytes between 1 and 5":    "behind bytes there is no comparison",
		"bytes > 0 && \"x\" == \"": "did you mean bytes > 0?",
	} {
		_, err := Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %q in it", text, err, want)
		}
	}
}

func TestValidate(t *testing.T) {
	many := make([]string, MaxChecks+1)
	for i := range many {
		many[i] = "a > " + strings.Repeat("1", i+1)
	}
	if err := Validate(many[:MaxChecks]); err != nil {
		t.Error(err)
	}
	for _, x := range []struct {
		list []string
		want string
	}{
		{many, "checks has 21 entries; it may have 20"},
		{[]string{"a > 0", "b > 0", "a > 0"}, "checks[2] repeats"},
		{[]string{"a > 0", "b ~ 0"}, `checks[1] is "b ~ 0"`},
	} {
		if err := Validate(x.list); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%v, want %q", err, x.want)
		}
	}
}

func TestBroken(t *testing.T) {
	past := func(values ...float64) Past { return func(string) []float64 { return values } }
	run := func(numbers ...Number) Run { return Run{Numbers: numbers, Seconds: -1, Exit: -1} }
	long := make([]float64, 30)
	for i := range long {
		long[i] = float64(i)
	}
	for _, x := range []struct {
		check string
		run   Run
		past  Past
		want  string
	}{
		{"bytes > 0", run(Number{"bytes", 0}), past(), "completed but wrote 0 bytes; expected bytes > 0"},
		{"bytes > 0", run(Number{"bytes", 1}), past(), ""},
		{"bytes > 0", run(), past(), "completed but sent no bytes; expected bytes > 0"},
		{"rows == 2", run(Number{"rows", 2.5}), past(), "completed but its rows was 2.5; expected rows == 2"},
		{"bytes >= 0.5 * last", run(Number{"bytes", 49}), past(7, 100), "completed but wrote 49 bytes; expected bytes >= 0.5 * last, which is 50"},
		{"bytes >= 0.5 * last", run(Number{"bytes", 50}), past(7, 100), ""},
		{"bytes >= 0.5 * last", run(Number{"bytes", 1}), past(), ""},
		{"bytes >= median", run(Number{"bytes", 2}), past(1, 9, 3), "completed but wrote 2 bytes; expected bytes >= median, which is 3"},
		{"bytes >= median", run(Number{"bytes", 2}), past(1, 3), ""},
		{"bytes > median", run(Number{"bytes", 19.5}), past(long...), "completed but wrote 19.5 bytes; expected bytes > median, which is 19.5"},
		{"x < 2 * last", run(Number{"x", math.MaxFloat64}), past(math.MaxFloat64), ""},
		{"x <= median", run(Number{"x", math.MaxFloat64}), past(math.MaxFloat64, math.MaxFloat64), ""},
		{"seconds < 10", Run{Seconds: 12.5, Exit: -1}, past(), "completed but took 12.5 s; expected seconds < 10"},
		{"seconds < 10", run(), past(), ""},
		{"seconds < 10", run(Number{"seconds", 11}), past(), "completed but took 11 s; expected seconds < 10"},
		{"exit_code == 0", Run{Seconds: -1, Exit: 0}, past(), ""},
		{"exit_code != 0", Run{Seconds: -1, Exit: 0}, past(), "completed but ended with the exit code 0; expected exit_code != 0"},
		{"exit_code != 0", run(), past(), ""},
		{"exit == 0", Run{Seconds: -1, Exit: 0}, past(), "completed but sent no exit; expected exit == 0 (the exit status is exit_code)"},
		{"duration < 60", run(), past(), "completed but sent no duration; expected duration < 60 (how long a run took is seconds)"},
		{"exit == 0", Run{Numbers: []Number{{"exit", 1}}, Exit: 0}, past(), "completed but its exit was 1; expected exit == 0"},
		{`body contains "done"`, Run{Body: []byte("all done\n")}, past(), ""},
		{`body contains "done"`, Run{Body: []byte("no")}, past(), `completed but its output doesn't contain "done"`},
		{`body contains "done"`, Run{}, past(), `completed but its output doesn't contain "done"`},
		{`body contains "done"`, Run{BodyLost: true}, past(), ""},
		{`body doesn't contain "ERR"`, Run{Body: []byte("ERROR")}, past(), `completed but its output contains "ERR"; expected that it doesn't`},
		{`body doesn't contain "ERR"`, Run{}, past(), ""},
		{"not a check", run(), past(), ""},
	} {
		if got := Broken([]string{x.check}, &x.run, x.past); got != x.want {
			t.Errorf("%s: %q, want %q", x.check, got, x.want)
		}
	}
	r := run()
	if got := Broken([]string{"a > 0", "seconds > 0", "b > 0", "c > 0"}, &r, past()); got != "completed but sent no a; expected a > 0 (and 2 more checks are broken)" {
		t.Error(got)
	}
}

func TestNumbers(t *testing.T) {
	for _, x := range []struct {
		name, value string
		ok          bool
	}{
		{"bytes", "0", true},
		{"a.b_2", "-1.5e3", true},
		{"_", "+1", true},
		{"x", "-0", true},
		{"", "1", false},
		{"2x", "1", false},
		{".x", "1", false},
		{"X", "1", false},
		{"a-b", "1", false},
		{strings.Repeat("a", 41), "1", false},
		{"last", "1", false},
		{"median", "1", false},
		{"body", "1", false},
		{"x", "", false},
		{"x", "NaN", false},
		{"x", "inf", false},
		{"x", "1e999", false},
		{"x", "0x1", false},
		{"x", "1_000", false},
		{"x", " 1", false},
	} {
		n, err := ParseNumber(x.name, x.value)
		if (err == nil) != x.ok || math.Signbit(n.Value) && n.Value == 0 {
			t.Errorf("%s=%s: %v, %v", x.name, x.value, n, err)
		}
	}
}

func TestNumbersComeBackAsTheyWere(t *testing.T) {
	list := []Number{}
	for i, v := range []float64{0, 1, -1, 0.5, 1 << 53, -(1 << 53), 1<<53 - 1, math.MaxFloat64, math.SmallestNonzeroFloat64, -1e300, 12345678901} {
		list, _ = Add(list, Number{fmt.Sprintf("n%02d", 20-i), v})
	}
	b := AppendNumbers(nil, list)
	r := wire.NewReader(b)
	if got := ReadNumbers(&r); r.End() != nil || !slices.Equal(got, list) {
		t.Errorf("%v came back as %v, %v", list, got, r.End())
	}
	for cut := range b {
		r := wire.NewReader(b[:cut])
		if ReadNumbers(&r); r.End() == nil {
			t.Errorf("cut to %d bytes it is whole", cut)
		}
	}
}

func TestALaterNumberOfANameCounts(t *testing.T) {
	var list []Number
	for i := range MaxNumbers + 1 {
		var room bool
		if list, room = Add(list, Number{fmt.Sprintf("n%02d", i), 1}); room != (i < MaxNumbers) {
			t.Errorf("number %d: room %v", i, room)
		}
	}
	if list, room := Add(list, Number{"n03", 2}); !room || list[3].Value != 2 {
		t.Errorf("%v, %v", list, room)
	}
}

// FuzzNumbers looks for bytes that read as numbers and are not what is written of them.
func FuzzNumbers(f *testing.F) {
	f.Add(AppendNumbers(nil, []Number{{"a", 0.5}, {"b", -7}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := wire.NewReader(b)
		if list := ReadNumbers(&r); r.End() == nil && !bytes.Equal(AppendNumbers(nil, list), b) {
			t.Fatalf("%x is read as %v, which is written as %x", b, list, AppendNumbers(nil, list))
		}
	})
}

func FuzzCheck(f *testing.F) {
	for _, s := range []string{"bytes > 0", "bytes >= 0.5 * last", "seconds<median*2", `body contains "x"`, `body doesn't contain "é"`, "bytes => 1k", "50 < x", "x > 5% of median"} {
		f.Add(s, 1.5, 2.5)
	}
	f.Fuzz(func(t *testing.T, text string, value, before float64) {
		c, err := Parse(text)
		if err != nil {
			if !utf8.ValidString(err.Error()) || err.Error() == "" {
				t.Fatalf("a refusal of %q in no words: %q", text, err)
			}
			if _, hint, found := strings.Cut(err.Error(), "did you mean "); found {
				if _, err := Parse(strings.TrimSuffix(hint, "?")); err != nil {
					t.Fatalf("the hint for %q is wrong itself: %v", text, err)
				}
			}
			return
		}
		again, err := Parse(c.String())
		if err != nil && len(c.String()) <= MaxLen || err == nil && again != c {
			t.Fatalf("%q is %q, which reads as %q, %v", text, c, again, err)
		}
		if !IsFinite(value) || !IsFinite(before) {
			return
		}
		run := Run{Numbers: []Number{{c.name, value}}, Seconds: value, Exit: 1, Body: []byte(text)}
		for _, values := range [][]float64{nil, {before}, {before, value}} {
			Broken([]string{text}, &run, func(string) []float64 { return values })
		}
	})
}

// TestNamesThatMeanSomethingElse are told, and stay right: the job may send them.
func TestNamesThatMeanSomethingElse(t *testing.T) {
	for text, want := range map[string]string{
		"exit == 0": "the exit status is exit_code", "duration <= 2 * median": "how long a run took is seconds",
		"exit_code == 0": "", "seconds < 5": "", "bytes > 0": "", "size > 0": "", "output > 0": "", `body contains "x"`: "", "exit ~ 0": "",
	} {
		if got := Mind(text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
