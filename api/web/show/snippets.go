package show

import (
	"cmp"
	"strings"
)

// Snippet is one way to ping a heartbeat.
type Snippet struct{ Name, Code string }

// Snippets tells how to ping a URL, in several languages.
func Snippets(u, slug string) []Snippet {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, cmp.Or(slug, "job"))
	return []Snippet{
		{"curl", "curl -fsS -m 10 --retry 5 -o /dev/null " + u},
		{"crontab", "0 2 * * * /path/to/job && curl -fsS -m 10 --retry 5 -o /dev/null " + u},
		{"with output", "quorumbeat run --url " + u + " -- /path/to/job"},
		{"Go", "resp, err := http.Post(\"" + u + "\", \"\", nil)\nif err == nil {\n\tresp.Body.Close()\n}"},
		{"Node.js", "await fetch('" + u + "', { method: 'POST' })"},
		{"Python", "import urllib.request\nurllib.request.urlopen('" + u + "', data=b'', timeout=10)"},
		{"PowerShell", "Invoke-RestMethod -Method Post -TimeoutSec 10 -Uri '" + u + "'"},
		{"systemd", "[Service]\nExecStart=/path/to/job\nExecStartPost=curl -fsS -m 10 --retry 5 -o /dev/null " + u},
		{"Kubernetes", "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: " + name + "}\nspec:\n  schedule: \"0 2 * * *\"\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          restartPolicy: Never\n          containers:\n          - name: job\n            image: your/image\n            command: [sh, -c, \"/job && curl -fsS -m 10 --retry 5 -o /dev/null " + u + "\"]"},
	}
}
