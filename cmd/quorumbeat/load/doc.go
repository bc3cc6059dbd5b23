// Package load pings heartbeats as hard, or as evenly, as it is told to, and
// tells how that went. `quorumbeat bench` and scripts/bench are made of it.
//
// It spends as little as it can on each ping, since it often shares a machine
// with what it measures: keep-alive connections with a goroutine each, requests
// put together from three pieces, and no more read of an answer than its status
// and its length.
//
// # Closed and open loop
//
// Without a rate, each connection sends its next ping when the last one was
// answered: what comes out is the most that the server does with so many
// clients. Latencies of such a run flatter a server that stalls, for a client
// that waits sends nothing that could be late (coordinated omission).
//
// With a rate, each ping has an intended time on a schedule that nothing moves,
// and its latency counts from there, whenever a connection came free to send it. A
// ping that none came free for within the timeout is given up, as a client would,
// and counts with that time.
//
// Files:
//
//	config.go    what a run is told, and its bounds
//	run.go       Run: the connections, from the first ping to the last
//	target.go    addresses of nodes, and the requests to them
//	conn.go      one connection
//	answer.go    as much of an answer as must be read
//	schedule.go  when each ping is intended, with a rate
//	sleep_*.go   sleeping until then as precisely as the system can
//	recorder.go  latencies and failures, as they come
//	report.go    Report, what came out
package load
