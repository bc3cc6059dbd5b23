package fsm

import (
	"errors"
	"strings"
	"testing"
)

func TestSpecsAreHeldToTheirLimits(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Spec)
		words  string // "": valid
	}{
		"as it should be":                {func(*Spec) {}, ""},
		"200 characters of name":         {func(s *Spec) { s.Name = strings.Repeat("ä", 200) }, ""},
		"201 characters of name":         {func(s *Spec) { s.Name = strings.Repeat("ä", 201) }, "name has 201 characters; it must have 1 to 200"},
		"no name":                        {func(s *Spec) { s.Name = "" }, "name is empty"},
		"a blank name":                   {func(s *Spec) { s.Name = " \u00a0" }, "only spaces and invisible"},
		"a name of other scripts":        {func(s *Spec) { s.Name = "שלום ولد 日本 e\u0301 👩\u200d💻" }, ""},
		"a name of zero-width joiners":   {func(s *Spec) { s.Name = "\u200b\u200d\ufeff\u2060" }, "only spaces and invisible"},
		"a name of Hangul fillers":       {func(s *Spec) { s.Name = "\u3164\u115f\u1160\uffa0" }, "only spaces and invisible"},
		"a name of selectors":            {func(s *Spec) { s.Name = "\ufe0f\U000e0101\u180b" }, "only spaces and invisible"},
		"a name of tags":                 {func(s *Spec) { s.Name = "\U000e0041\U000e0042" }, "only spaces and invisible"},
		"a name of soft hyphens":         {func(s *Spec) { s.Name = "\u00ad \u034f" }, "only spaces and invisible"},
		"a name of wide spaces":          {func(s *Spec) { s.Name = "\u3000\u2003\u2800" }, "only spaces and invisible"},
		"a name of accents":              {func(s *Spec) { s.Name = "\u0301\u20dd" }, "only spaces and invisible"},
		"a name turned round":            {func(s *Spec) { s.Name = "invoice\u202efdp.exe" }, "turn the direction"},
		"a name with an isolate":         {func(s *Spec) { s.Name = "a\u2066b\u2069" }, "turn the direction"},
		"a name with a mark":             {func(s *Spec) { s.Name = "a\u200fb" }, "turn the direction"},
		"a name with a line separator":   {func(s *Spec) { s.Name = "a\u2028b" }, "line separators"},
		"a tag turned round":             {func(s *Spec) { s.Tags = []string{"a\u202eb"} }, "tags[0]"},
		"an invisible tag":               {func(s *Spec) { s.Tags = []string{"\u200b"} }, "tags[0]"},
		"a name with CR and LF":          {func(s *Spec) { s.Name = "a\r\nb" }, "line breaks"},
		"a name that is no UTF-8":        {func(s *Spec) { s.Name = "\xff" }, "UTF-8"},
		"a description of lines":         {func(s *Spec) { s.Description = strings.Repeat("ä\n", 1000) }, ""},
		"a description too long":         {func(s *Spec) { s.Description = strings.Repeat("ä", 2001) }, "description has 2001 characters; it may have 2000"},
		"a description with a bell":      {func(s *Spec) { s.Description = "a\a" }, "description"},
		"a description turned round":     {func(s *Spec) { s.Description = "a\n\u202eb" }, "description"},
		"a description that is no UTF-8": {func(s *Spec) { s.Description = "\xff" }, "UTF-8"},
		"a description of nothing":       {func(s *Spec) { s.Description = " \n " }, "only spaces and invisible"},
		"an owner":                       {func(s *Spec) { s.Owner = "Größe & Söhne" }, ""},
		"an owner of two lines":          {func(s *Spec) { s.Owner = "a\nb" }, "owner"},
		"an owner too long":              {func(s *Spec) { s.Owner = strings.Repeat("ä", 201) }, "owner has 201 characters"},
		"dependencies":                   {func(s *Spec) { s.DependsOn = []string{heartbeatID(1).String(), "tag:a b"} }, ""},
		"a dependency on a slug":         {func(s *Spec) { s.DependsOn = []string{"nightly"} }, "depends_on[0] is \"nightly\""},
		"a dependency on no tag":         {func(s *Spec) { s.DependsOn = []string{"tag:"} }, "depends_on[0]"},
		"a dependency on an odd tag":     {func(s *Spec) { s.DependsOn = []string{"tag:a\nb"} }, "depends_on[0]: tag"},
		"a dependency in capitals":       {func(s *Spec) { s.DependsOn = []string{strings.ToUpper(heartbeatID(0xab).String())} }, "depends_on[0]"},
		"a dependency twice":             {func(s *Spec) { s.DependsOn = []string{"tag:a", "tag:a"} }, "depends_on[1] repeats tag:a"},
		"a dependency on its own tag":    {func(s *Spec) { s.Tags, s.DependsOn = []string{"a"}, []string{"tag:a"} }, "depends_on[0] is tag:a, and the heartbeat has this tag itself"},
		"too many dependencies":          {func(s *Spec) { s.DependsOn = make([]string, 21) }, "depends_on has 21 entries; it may have 20"},
		"an interval of a second":        {func(s *Spec) { s.Interval = 1 }, ""},
		"an interval of none":            {func(s *Spec) { s.Interval = 0 }, "interval_secs is 0; it must be 1 to 31622400"},
		"an interval of 367 days":        {func(s *Spec) { s.Interval = 367 * 86400 }, "interval_secs"},
		"no grace":                       {func(s *Spec) { s.Grace = 0 }, ""},
		"a negative grace":               {func(s *Spec) { s.Grace = -1 }, "grace_secs is -1"},
		"a threshold of none":            {func(s *Spec) { s.Threshold = 0 }, "miss_threshold is 0; it must be 1 to 100"},
		"a slug in capitals":             {func(s *Spec) { s.Slug = "ABC" }, "slug"},
		"an unknown arm":                 {func(s *Spec) { s.Arm = "later" }, "arm"},
		"a tag twice":                    {func(s *Spec) { s.Tags = []string{"a", "a"} }, "tags[1] repeats"},
		"too many tags":                  {func(s *Spec) { s.Tags = make([]string, 33) }, "tags has 33 entries"},
		"POST alone":                     {func(s *Spec) { s.Methods = []string{"POST"} }, ""},
		"other methods":                  {func(s *Spec) { s.Methods = []string{"GET", "POST"} }, "methods"},
		"a small method":                 {func(s *Spec) { s.Methods = []string{"post"} }, "methods"},
		"an address":                     {func(s *Spec) { s.Emails = []string{"a.b+c@sub.example.com"} }, ""},
		"an address without a host":      {func(s *Spec) { s.Emails = []string{"a@"} }, "email[0]"},
		"an address with a name":         {func(s *Spec) { s.Emails = []string{"A <a@example.com>"} }, "email[0]"},
		"an address with CR and LF":      {func(s *Spec) { s.Emails = []string{"a@example.com\r\nRCPT TO:<b@example.com>"} }, "email[0]"},
		"an address twice":               {func(s *Spec) { s.Emails = []string{"a@b.c", "a@b.c"} }, "email[1] repeats"},
		"an address with two dots":       {func(s *Spec) { s.Emails = []string{"a..b@x.com"} }, "no dot"},
		"an address with a last dot":     {func(s *Spec) { s.Emails = []string{"a.@x.com"} }, "no dot"},
		"an address with a long local":   {func(s *Spec) { s.Emails = []string{strings.Repeat("a", 65) + "@x.com"} }, "64"},
		"an address of odd letters":      {func(s *Spec) { s.Emails = []string{"it's+o{k}=x/y!#$%&*-?^_`|~@x.com"} }, ""},
		"an address with brackets":       {func(s *Spec) { s.Emails = []string{"a(b)@x.com"} }, "printable ASCII"},
		"an address literal":             {func(s *Spec) { s.Emails = []string{"a@[192.0.2.1]"} }, "letters, digits"},
		"a domain with a hyphen's end":   {func(s *Spec) { s.Emails = []string{"a@x-.com"} }, "letters, digits"},
		"a domain of non-ASCII letters":  {func(s *Spec) { s.Emails = []string{"a@bücher.example"} }, "xn--"},
		"two at signs":                   {func(s *Spec) { s.Emails = []string{"a@b@x.com"} }, "letters, digits"},
		"an address that is no text":     {func(s *Spec) { s.Emails = []string{"ä@example.com"} }, "ASCII"},
	} {
		s := aSpec(60, 5, 2)
		c.change(&s)
		switch err := s.Validate(); {
		case c.words == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.words != "" && (err == nil || !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.words)):
			t.Errorf("%s: %v, want words like %q", name, err, c.words)
		}
	}
}

func TestSettingsAreHeldToTheirLimits(t *testing.T) {
	for _, s := range []Settings{
		{History: -1, Burst: 1},
		{History: MaxHistory + 1, Burst: 1},
		{Burst: 0},
		{Burst: 1, GroupWait: -1},
		{Burst: 1, MailTo: []string{"x"}},
	} {
		if !errors.Is(s.Validate(), ErrInvalid) {
			t.Errorf("%+v is valid", s)
		}
	}
	if err := DefaultSettings().Validate(); err != nil {
		t.Error(err)
	}
}

func TestSlugs(t *testing.T) {
	for name, want := range map[string]string{
		"Nightly Sync!": "nightly-sync", "  a  b  ": "a-b", "日本": "heartbeat", "a_b-c": "a_b-c", "ÄB": "b",
		strings.Repeat("x y", 60): strings.Trim(strings.ReplaceAll(strings.Repeat("x y", 60), " ", "-")[:100], "-"),
	} {
		got := MakeSlug(name)
		if got != want || validateSlug(got) != nil {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// TestPatchesAndKeysAreHeldToTheSameNames, wherever users see them.
func TestPatchesAndKeysAreHeldToTheSameNames(t *testing.T) {
	for _, name := range []string{"\u200b", "\u3164", "a\u202eb", "\ufe0f"} {
		if err := (Patch{Name: &name}).Validate(); !errors.Is(err, ErrInvalid) {
			t.Errorf("a patch to %+q: %v", name, err)
		}
		if err := ValidateKeyName(name); !errors.Is(err, ErrInvalid) {
			t.Errorf("a key %+q: %v", name, err)
		}
		if err := ValidateNodeName(name); !errors.Is(err, ErrInvalid) {
			t.Errorf("a node %+q: %v", name, err)
		}
	}
}

func TestRunbooksArePagesThatPeopleCanOpen(t *testing.T) {
	for _, good := range []string{
		"", "http://wiki", "https://wiki.example.com/a/b?c=d&e#f", "https://[2001:db8::1]:8443/x", "http://192.0.2.1:8080",
		"https://büro.example/größe", "https://wiki.example.com./x", "https://wiki.example.com?x=@y", "https://e.org/" + strings.Repeat("a", 1986),
	} {
		s := aSpec(60, 5, 2)
		if s.RunbookURL = good; s.Validate() != nil {
			t.Errorf("%q: %v", good, s.Validate())
		}
	}
	for _, bad := range []string{
		"javascript:alert(1)", "JavaScript://x/%0aalert(1)", "data:text/html,x", "ftp://a.example", "wiki.example.com/a", "//wiki.example.com",
		"https://", "https:///path", "https://?x", "http:wiki", "https://user:secret@wiki.example.com", "https://user@wiki.example.com/",
		"https://wiki.example.com/a b", "https://wiki.example.com/\n", "https://wiki.example.com/\"onclick", "https://wiki.example.com/<b>",
		"https://wiki..example.com", "https://wiki.example.com:http", "https://wiki.example.com:1234567", "https://[::1", "https://[]", "https://wi%20ki",
		" https://wiki.example.com", "https://wiki.example.com/\u202e", "https://wiki.example.com/\u200b", "https://wiki.example.com/\xff", "https://a\\b", "https://e.org/" + strings.Repeat("a", 1987),
	} {
		s := aSpec(60, 5, 2)
		if s.RunbookURL = bad; !errors.Is(s.Validate(), ErrInvalid) {
			t.Errorf("%q is accepted", bad)
		}
	}
}
