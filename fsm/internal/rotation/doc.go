// Package rotation holds the old ping tokens of heartbeats that were given new ones: each works on until a serving time,
// so that jobs need not learn the new one all at once. Where a token leads is not looked up here but in the index of all
// tokens, which has the old ones as well; so a ping costs the same by either.
//
// Files:
//
//	table.go  Table: the old tokens of each heartbeat, and which ends next
//	image.go  how images hold them
package rotation
