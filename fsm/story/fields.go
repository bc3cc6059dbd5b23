package story

import "strings"

// apiNames are the API's names of fields that have another one in the text of an Edited event, which is in images.
var apiNames = map[string]string{
	"interval": "interval_secs", "grace": "grace_secs", "threshold": "miss_threshold", "emails": "email",
	"max_run": "max_run_secs", "min_run": "min_run_secs", "remind_every": "remind_every_secs",
}

// Fields are the names that people know of the fields that an Edited event tells.
func (e Event) Fields() string {
	names := strings.Split(e.Text, ", ")
	for i, name := range names {
		if known, is := apiNames[name]; is {
			names[i] = known
		}
	}
	return strings.Join(names, ", ")
}
