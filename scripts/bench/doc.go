// Command bench takes the figures of the design's section 8, and those that show
// how cost grows.
//
// Everything runs on this machine: the nodes, the bare handler, the mail server
// and the load generator, which is `quorumbeat bench` as a process of its own, the
// same for all that is compared. What is compared is measured in turns, in several
// rounds, each in another order; a ratio is the median of the rounds' ratios, for
// what else the machine does meets both sides alike.
//
// Files:
//
//	main.go      the options, and one run of all that was asked for
//	part.go      what is measured on its own, and in which order
//	cluster.go   three nodes with their heartbeats
//	large.go     the same with a million heartbeats (image.go: the backup that it begins with, and the memory of each kind)
//	generate.go  the load generator as a process, and another one, by others (wrk)
//	ping.go      speed: cluster beside bare handler, or another version, in turns
//	growth.go    speed and latency by load, nodes and heartbeats
//	kill.go      kills of the leader under load
//	alerts.go    the time from deadline to mail; storm.go: ten thousand at once
//	memory.go    memory and idle processor time; restart.go: the time until a node serves
//	snapshot.go  pings while a snapshot is taken
//	scrape.go    scrapes of a large cluster, one and many; lists and searches
//	costly.go    pings beside many who ask for what costs much
//	overload.go  twice the load that it can take; many new connections in a second
//	finding.go   the table of figures to reach
//	machine.go   where the figures were taken
package main
