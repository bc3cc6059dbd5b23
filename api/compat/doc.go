// Package compat reads what the clients of other monitors send: Cronitor, Sentry,
// Cronhub, Gatus, Alertmanager, and scripts that say how a run went in a parameter.
//
// It is about paths, parameters and bodies only. It holds no state, asks nobody, and
// answers nothing: package api looks up whose heartbeat it is, records the ping and
// answers in the form that the client expects.
//
// One rule holds for all of them: what means failure in the sender's world is never
// counted as a good run. A failure told anywhere in a request wins over all else in it.
package compat
