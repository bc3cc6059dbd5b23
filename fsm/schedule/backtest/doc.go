// Package backtest tells what settings would have alerted on in a stored history: "with 5
// minutes of grace: 3 alerts in 90 days".
//
// It plays the history through the rules of docs/design.md, on its own: a miss is an expected
// time and the grace over with no good run since the one before, counted in time in which pings
// could be taken; the threshold's miss alerts; so does a reported failure, and a run that does not
// end in time; a good run recovers. What falls wholly into a gap does not alert. A ping that came late counts
// from when it came, and one that is older than what was known then changes nothing. A test in
// fsm/store compares it with the state machine. When the heartbeat was made or edited is not known: it arms with the first run,
// and what was lost before that is not counted if it came late.
//
// Files:
//
//	backtest.go  Settings, History, Run, Alert
//	play.go      the life of one heartbeat
//	plan.go      expected times: of an interval, of a schedule
//	serving.go   time without the gaps
package backtest
