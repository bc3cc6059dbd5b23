package call

import (
	"testing"

	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func TestWhatIsNotThereIsNamed(t *testing.T) {
	for _, x := range []struct{ arg, words, want string }{
		{"hb_000000000000000000000001", "not found", "there is no heartbeat hb_000000000000000000000001: see 'quorumbeat list --wide'"},
		{"al_000000000000000000000001", "not found", "there is no alert al_000000000000000000000001: see 'quorumbeat alerts list --wide'"},
		{"in_000000000000000000000001_2", "not found", "there is no incident in_000000000000000000000001_2: see 'quorumbeat incidents list --wide'"},
		{"ch_000000000000000000000001", "not found", "there is no channel ch_000000000000000000000001: see 'quorumbeat channels list --wide'"},
		{"mw_000000000000000000000001", "not found", "there is no maintenance window mw_000000000000000000000001: see 'quorumbeat windows list --wide'"},
		{"key_000000000000000000000001", "not found", "there is no API key key_000000000000000000000001: see 'quorumbeat keys list'"},
		{"nightly", "not found", "not found"},
		{"hb_000000000000000000000001", "the alert is gone", "the alert is gone"},
	} {
		err := &heartbeat.APIError{StatusCode: 404, Message: x.words}
		if sayWhatIsNotThere([]string{x.arg}, err); err.Message != x.want {
			t.Errorf("%s: %q, want %q", x.arg, err.Message, x.want)
		}
	}
}
