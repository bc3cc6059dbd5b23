package schedule_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm/schedule"
)

// readErrors reads errors.tsv: a wrong expression (as a Go string) and what Parse says of it.
func readErrors(t testing.TB) (expressions, said []string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(testdata, "errors.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		quoted, message, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		expression, err := strconv.Unquote(quoted)
		if err != nil {
			t.Fatal(quoted, err)
		}
		expressions, said = append(expressions, expression), append(said, message)
	}
	return expressions, said
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	expressions, want := readErrors(t)
	var lines []string
	for i, e := range expressions {
		_, err := schedule.Parse([]string{e})
		if err == nil {
			t.Errorf("%q is accepted", e)
			continue
		}
		checkError(t, err)
		if err.Error() != want[i] && !*update {
			t.Errorf("got  %v\nwant %s", err, want[i])
		}
		lines = append(lines, strconv.Quote(e)+"\t"+err.Error()+"\n")
	}
	if *update {
		if err := os.WriteFile(filepath.Join(testdata, "errors.tsv"), []byte(strings.Join(lines, "")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for name, expressions := range map[string][]string{
		"no expression":   nil,
		"eleven":          strings.Split(strings.Repeat("@daily,", 11), ",")[:11],
		"257 bytes":       {"0 2 * * " + strings.Repeat("1,", 124) + "1"},
		"not UTF-8":       {"0 2 * * \xff"},
		"second is wrong": {"@daily", "0 25 * * *"},
	} {
		_, err := schedule.Parse(expressions)
		if err == nil {
			t.Errorf("%s is accepted", name)
			continue
		}
		checkError(t, err)
	}
	if _, err := schedule.Parse([]string{"0 2 * * " + strings.Repeat("1,", 123) + "11"[:1]}); err != nil {
		t.Error(err)
	}
}

func TestCheckLooksTenYearsAhead(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	for expression, near := range map[string]string{ // that would work; none: the expression does itself
		"0 0 29 2 *":                "",
		"0 0 */28 2 1#5":            "0 0 */28 2 *", // in 2044
		"2026-11-27":                "*-11-27",
		"2026-11-29":                "",
		"2036-11-27":                "",
		"2037-01-01":                "*-01-01",
		"99-1-1":                    "*-1-1",
		"Fri *-2-29 2:0":            "", // in 2036
		"Thu *-2-29 2:0":            "*-2-29 2:0",
		"Thu 2024-2-29 2:0":         "*-2-29 2:0",
		"Mon 2024-2-26 2:0":         "Mon *-2-26 2:0",
		"2019,2020..2025-*-1 02:00": "*-*-1 02:00",
		"2020-02~01":                "*-02~01",
	} {
		s, err := schedule.Parse([]string{"@daily", expression})
		if err != nil {
			t.Errorf("%q: %v", expression, err)
			continue
		}
		want := ""
		if near != "" {
			want = strconv.Quote(expression) + ": date does not come within ten years; " + strconv.Quote(near) + " would work"
		}
		got := ""
		if err := s.Check(from, time.UTC); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestTimesOfSeveralExpressions(t *testing.T) {
	t.Parallel()
	s, err := schedule.Parse([]string{"0 2 * * *", "02:00", "0 0/12 * * *"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, at := range s.Times(time.Date(2026, 11, 28, 0, 0, 0, 1, time.UTC), nil, 4) {
		got = append(got, at.Format("02 15:04"))
	}
	if want := "28 02:00, 28 12:00, 29 00:00, 29 02:00"; strings.Join(got, ", ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if got := s.Times(time.Now(), time.UTC, -1); len(got) != 0 {
		t.Error(got)
	}
	if _, ok := (schedule.Schedule{}).Next(time.Time{}, nil); ok {
		t.Error("the zero Schedule fires")
	}
}
