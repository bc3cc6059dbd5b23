// Package client has the commands that call the HTTP API, one file a command. An ID that a
// command takes may be given as a name or slug, if only one thing has it.
//
//	command.go      what these commands have in common
//	create.go (also ensure), update.go (also pause), fields.go  writing heartbeats, and their flags
//	list.go, get.go (also resume and delete), pings.go  reading them
//	ping.go         pinging them
//	incidents.go    incidents
//	events.go       what changes, as it changes
//	schedules.go    when schedules fire, and which settings pings suggest
//	alerts.go       alerts, and a test mail
//	channels.go     channels
//	keys.go         API keys
//	published.go    status pages and badges
//	cluster.go, remove.go  the nodes
//	names.go        finding what a name stands for
//	completion.go   names that a shell completes
package client
