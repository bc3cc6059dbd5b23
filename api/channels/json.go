package channels

import (
	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/api/windows"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/kinds"
)

// Of shows a channel without its secrets.
func Of(c fsm.Channel) map[string]any {
	out := map[string]any{
		"id": c.ID.String(), "name": c.Spec.Name, "kind": c.Spec.Kind, "default": c.Spec.Default,
		"tags": append([]string{}, c.Spec.Tags...), "after_secs": c.Spec.After, "hours": windows.HoursOf(c.Spec.Hours),
		"version": c.Version, "created_at": request.Stamp(c.CreatedAt), "updated_at": request.Stamp(c.UpdatedAt),
	}
	on := []string{}
	for _, k := range fsm.ChannelKinds {
		if c.Spec.On.Has(k) {
			on = append(on, k.String())
		}
	}
	out["on"] = on
	for _, f := range c.Spec.Fields {
		out[f.Name] = f.Value
		if f.Secret {
			out[f.Name] = kinds.Hidden
		}
	}
	return out
}
