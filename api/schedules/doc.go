// Package schedules is what the API says of schedules: reading them with their zone, showing when they
// fire, and what the stored pings of a heartbeat suggest. It knows no HTTP.
//
// Files:
//
//	schedules.go  List, Zones, Read
//	preview.go    Preview: the next times and a description
//	history.go    HistoryOf, SettingsOf: what is stored of a heartbeat, and what it has now
//	suggest.go    Suggestions: settings that fit, and what any would have alerted on
package schedules
