// Package compat reads what the clients of other monitors send: Cronitor, Sentry,
// Cronhub, Gatus, Alertmanager, and scripts that say how a run went in a parameter.
//
// It is about paths, parameters and bodies only. It holds no state, asks nobody, and
// answers nothing: package api looks up whose heartbeat it is, records the ping and
// answers in the form that the client expects.
//
// One rule holds for all of them: what means failure in the sender's world is never
// counted as a good run. A failure told anywhere in a request wins over all else in it.
//
// Files:
//
//	paths.go         whose client a path is made by, and what it says
//	params.go        parameters that tell of a run
//	words.go         what a word says about one: good, failed, begun
//	numbers.go       figures of a run
//	sentry.go        check-ins of Sentry Crons
//	crontab.go       how often the schedule of a Sentry monitor runs its job
//	alertmanager.go  webhooks of Alertmanager and Grafana
package compat
