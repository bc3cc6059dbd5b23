// Package advice shows what settings mean: which ones fit the stored pings of a heartbeat, and
// what those and any others would have alerted on. It is pure; the history comes in as data.
//
// Suggestions are played with the thresholds of the heartbeat, for using one leaves these alone.
//
// Files:
//
//	trial.go   Trial: what settings would have alerted on
//	advice.go  Advice: the present settings beside those that fit
package advice
