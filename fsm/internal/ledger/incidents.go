package ledger

import "github.com/quorumbeat/quorumbeat/fsm"

// IncidentPage appends the incidents, newest first, whose oldest row is among the next most
// rows before a position; ok tells that there may be more after last, the row that it came
// to. So each incident is listed once, whatever rows it has.
func (now Now) IncidentPage(f fsm.IncidentFilter, list []fsm.Incident, before *Key, most int) (_ []fsm.Incident, more bool, last *Key, ok bool) {
	var at Key
	read := 0
	for k := range now.order.Before(before) {
		if read++; read > most {
			return list, false, &at, true
		}
		at = k
		r := now.Rows[k.id]
		if r.ordinal == 0 || f.Open && !now.isOpen(r) {
			continue
		}
		rows := now.besides(r)
		if rows[0].ID != r.ID {
			continue
		}
		if f.Limit > 0 && len(list) == f.Limit {
			return list, true, nil, false
		}
		list = append(list, now.viewIncident(rows))
	}
	return list, false, nil, false
}

// IncidentsOf returns those of one heartbeat, newest first; they are few.
func (now Now) IncidentsOf(hb fsm.HeartbeatID) (list []fsm.Incident) {
	seen := map[uint32]bool{}
	keys := now.byHeartbeat[hb]
	for i := len(keys) - 1; i >= 0; i-- {
		if r := now.Rows[keys[i].id]; !seen[r.Incident] {
			seen[r.Incident] = true
			list = append(list, now.viewIncident(now.besides(r)))
		}
	}
	return list
}

// besides returns the rows of a row's incident, oldest first.
func (now Now) besides(r *Row) (rows []*Row) {
	for _, k := range now.byHeartbeat[r.Heartbeat] {
		if x := now.Rows[k.id]; x.ordinal == r.ordinal && x.Incident == r.Incident {
			rows = append(rows, x)
		}
	}
	return rows
}

// isOpen reports whether the incident that a row tells of goes on.
func (now Now) isOpen(r *Row) bool { return now.openIncident(r.ordinal) == r.Incident }

func (now Now) viewIncident(rows []*Row) fsm.Incident {
	first := rows[0]
	in := fsm.Incident{Heartbeat: first.Heartbeat, Number: first.Incident, Open: now.isOpen(first)}
	for _, r := range rows {
		in.Alerts = append(in.Alerts, now.viewRow(r))
	}
	return in
}
