package schedule_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm/schedule"
)

var update = flag.Bool("update", false, "write the golden files anew")

// words.tsv: an expression, our words, cronstrue's words.
func TestDescribe(t *testing.T) {
	t.Parallel()
	path := filepath.Join(testdata, "words.tsv")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	for i, line := range lines {
		c := strings.Split(line, "\t")
		s, err := schedule.Parse([]string{c[0]})
		if err != nil {
			t.Error(err)
			continue
		}
		ours := s.Describe()
		if ours != c[1] && !*update {
			t.Errorf("%q is described as %q, want %q", c[0], ours, c[1])
		}
		if theirs := c[2]; theirs != "" && !wordedOtherwise[c[0]] {
			sameFacts(t, c[0], ours, theirs)
		}
		lines[i] = strings.Join([]string{c[0], ours, c[2]}, "\t")
	}
	if *update {
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// wordedOtherwise are those that cronstrue tells by steps and ranges, and we by their times, or the
// other way round.
var wordedOtherwise = map[string]bool{
	"0 */5 * * *": true, "0 8,9,10,11,12,13,14 * * *": true, "0,30 8,12,16,20 * * *": true, "0 2 1 */3 *": true, "0,30 */2 * * *": true,
	"10-50/20 */3 * * *": true, "0 12 * * */2": true, "0 12 1-7 * */7": true, "*/7 */5 */3 */2 *": true, "5/20 8 * * *": true,
}

var facts = regexp.MustCompile(`\d\d:\d\d|[SMTWF][a-z]+day|January|February|March|April|May|June|July|August|September|October|November|December`)

// sameFacts compares the clock times, days and months that two descriptions name.
func sameFacts(t *testing.T, expression, ours, theirs string) {
	t.Helper()
	of := func(text string) []string {
		found := facts.FindAllString(text, -1)
		slices.Sort(found)
		return slices.Compact(found)
	}
	if a, b := of(ours), of(theirs); !slices.Equal(a, b) {
		t.Errorf("%q: we say %q, cronstrue says %q", expression, ours, theirs)
	}
}

func TestDescribeSeveral(t *testing.T) {
	t.Parallel()
	s, err := schedule.Parse([]string{"0 2 * * 1-5", "Sat,Sun 04:00"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.Describe(), "At 02:00, Monday to Friday; at 04:00, on Saturday and Sunday"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
