package call

import (
	"errors"
	"fmt"
	"strings"

	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// kindOfID are what IDs are of, by how they begin, and what lists those that there are.
var kindOfID = map[string]struct{ kind, list string }{
	"hb":  {"heartbeat", "quorumbeat list --wide"},
	"al":  {"alert", "quorumbeat alerts list --wide"},
	"in":  {"incident", "quorumbeat incidents list --wide"},
	"ch":  {"channel", "quorumbeat channels list --wide"},
	"mw":  {"maintenance window", "quorumbeat windows list --wide"},
	"key": {"API key", "quorumbeat keys list"},
}

// sayWhatIsNotThere has an error of the API that only says "not found" say what was not: what the argument is the ID of.
func sayWhatIsNotThere(args []string, err error) {
	var api *heartbeat.APIError
	if len(args) == 0 || !errors.As(err, &api) || api.Message != "not found" {
		return
	}
	begin, _, _ := strings.Cut(args[0], "_")
	if of, known := kindOfID[begin]; known {
		api.Message = fmt.Sprintf("there is no %s %s: see '%s'", of.kind, args[0], of.list)
	}
}
