package schedule_test

import (
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm/schedule"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, e := range []string{"0 2 * * 1-5", "@daily", "0 0 L * *", "0 0 15W * *", "daily", "Mon..Fri *-*-* 02:00", "*:0/15", "*-02~1", "1-1"} {
		s, err := schedule.Parse([]string{e})
		if err != nil {
			t.Errorf("%q: %v", e, err)
			continue
		}
		if got := s.Times(time.Unix(1_700_000_000, 0), time.UTC, 3); len(got) != 3 {
			t.Errorf("%q: %v", e, got)
		}
		t.Log(e, s.Times(time.Unix(1_700_000_000, 0), time.UTC, 3), s.Describe())
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for _, e := range []string{
		"", "* * * *", "0 25 * * *", "0 24 * * *", "60 * * * *", "0 2 * * mon-", "0 2 * * monday", "0 22-2 * * *", "0 0 30 2 *", "@reboot", "@every 5m", "@dayly", "0 0 2 * * *",
		"0 2 * * * /usr/bin/backup", "CRON_TZ=Europe/Berlin 0 2 * * *", "0 2 * * 1, 5", "0 2 1,,2 * *", "*/0 * * * *", "0 2 * * 8", "H 2 * * *", "0~30 2 * * *", "0 2 * 13 *", "0 2 * * fri-mon", "0 0 L-40 * *", "0 0 * * L", "0 0 * * 1#6",
		"24:00", "*/2:00", "Fri..Mon", "tues 3:0", "*-*-*T02:00", "*-2-30", "2026-02-30", "*:*:0/30", "02:00:00.5", "02:00 Europe/Berlin", "daily UTC", "1-5:00", "*-*-32", "*-*~29", "0/24:00", "@86400 3:00", "dayly", "10", "2026", "3:00 4:00",
	} {
		_, err := schedule.Parse([]string{e})
		if err == nil {
			t.Errorf("%q is accepted", e)
			continue
		}
		t.Log(err)
	}
}
