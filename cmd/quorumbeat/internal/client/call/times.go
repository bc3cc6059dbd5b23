package call

import (
	"time"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
)

// TimeToCome reads the value of --until: a time to come, in the zone of now unless it names one.
func TimeToCome(text string, now time.Time) (time.Time, error) {
	if at, err := time.ParseInLocation("15:04", text, now.Location()); err == nil {
		y, m, d := now.Date()
		end := time.Date(y, m, d, at.Hour(), at.Minute(), 0, 0, now.Location())
		if !end.After(now) {
			end = time.Date(y, m, d+1, at.Hour(), at.Minute(), 0, 0, now.Location())
		}
		return end, nil
	}
	for _, form := range []string{time.RFC3339, "2006-01-02 15:04", "2006-01-02T15:04"} {
		if end, err := time.ParseInLocation(form, text, now.Location()); err == nil {
			return end, nil // whether it is past is for the cluster's clock to say
		}
	}
	return time.Time{}, usage.Errorf("--until is %.40q: use a time like 08:00, '2026-05-02 08:00' or 2026-05-02T08:00:00Z", text)
}
