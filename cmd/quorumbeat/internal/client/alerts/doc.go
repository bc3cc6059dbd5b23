// Package alerts has the commands about what people are told: which alerts there are, what they
// are about, and by what they go out. Its commands stand beside those of package client.
//
//	incidents.go  incidents, and who sees to them
//	alerts.go     alerts, and a test mail
//	explain.go    who is told of a heartbeat, and why not
//	channels.go   channels; channels_completion.go: what a shell offers for their settings
//	windows.go    maintenance windows
//	templates.go  words of one's own
//	names.go      finding an alert by its heartbeat's name
package alerts
