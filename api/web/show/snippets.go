package show

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Snippet is one way to ping a heartbeat.
type Snippet struct{ Name, Code string }

// call is curl's, which waits longer than a node holds a ping that cannot be recorded yet.
const call = "curl -fsS -m 15 --retry 5 -o /dev/null "

// Snippets tells how to ping a URL whenever a heartbeat is expected, in several languages.
func Snippets(u string, s fsm.Spec) []Snippet {
	at := crontab(s.Interval)
	if len(s.Schedule) > 0 {
		at = "0 2 * * *"
		if len(strings.Fields(s.Schedule[0])) == 5 {
			at = s.Schedule[0]
		}
	}
	call := call
	if len(s.Methods) > 0 {
		call += "-X POST "
	}
	zone := ""
	if s.TZ != "" {
		zone = "  timeZone: " + s.TZ + "\n"
	}
	return []Snippet{
		{"curl", call + u},
		{"crontab", at + " /path/to/job && " + call + u},
		{"with output", wrapped(u)},
		{"Go", "client := http.Client{Timeout: 15 * time.Second}\nresp, err := client.Post(\"" + u + "\", \"\", nil)\nif err == nil {\n\tresp.Body.Close()\n}"},
		{"Node.js", "await fetch('" + u + "', { method: 'POST', signal: AbortSignal.timeout(15000) })"},
		{"Python", "import urllib.request\nurllib.request.urlopen('" + u + "', data=b'', timeout=15)"},
		{"PowerShell", "Invoke-RestMethod -Method Post -TimeoutSec 15 -Uri '" + u + "'"},
		{"systemd", "[Service]\nType=oneshot\nExecStart=/path/to/job\nExecStartPost=" + call + u},
		{"Kubernetes", "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: " + kubernetesName(s.Slug) + "}\nspec:\n  schedule: \"" + at + "\"\n" + zone + "  jobTemplate:\n    spec:\n      template:\n        spec:\n          restartPolicy: Never\n          containers:\n          - name: job\n            image: your/image\n            command: [sh, -c, \"/path/to/job && " + call + u + "\"]"},
	}
}

// wrapped runs a job under the program's own wrapper, which takes the parts of a URL.
func wrapped(u string) string {
	base, token, _ := strings.Cut(strings.TrimSuffix(u, "/ping"), "/v1/heartbeats/")
	return "quorumbeat run --url " + base + " --token " + token + " -- /path/to/job"
}

// crontab is a line of cron's that runs about as often as every so many seconds.
func crontab(every int64) string {
	switch minutes := every / 60; {
	case every < 120:
		return "* * * * *"
	case minutes < 60 && 60%minutes == 0:
		return fmt.Sprintf("*/%d * * * *", minutes)
	case every < 2*3600:
		return "0 * * * *"
	case minutes < 24*60 && 24*60%minutes == 0 && minutes%60 == 0:
		return fmt.Sprintf("0 */%d * * *", minutes/60)
	case every >= 28*86400:
		return "0 2 1 * *"
	case every >= 7*86400:
		return "0 2 * * 1"
	}
	return "0 2 * * *"
}

// kubernetesName makes a name of a CronJob of a slug: at most 52 letters, digits and
// dashes, with a letter or digit at both ends.
func kubernetesName(slug string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, slug)
	return cmp.Or(strings.Trim(name[:min(len(name), 52)], "-"), "job")
}
