// Package incidents says what clients are told of incidents, and reads what they say of one.
//
// Files:
//
//	json.go  an incident, its story, and the one that a heartbeat has open, as JSON
//	acts.go  the bodies of requests that acknowledge and snooze
package incidents
