// Command quorumbeat is a clustered dead-man's switch: `quorumbeat serve` is a node,
// `quorumbeat dev` three of them to try things with, and the other commands are clients of
// the HTTP API.
//
// This package has the commands that are no mere calls of the API, one file a command; the
// rest is below internal:
//
//	main.go     the program: arguments in, exit status out
//	help.go     help as wide as the terminal
//	serve.go    a node                         (internal/node, internal/settings, internal/tune)
//	dev.go      three nodes in one process (dev_examples.go: jobs that it plays)
//	config.go   'config check'
//	secret.go   a cluster secret
//	backup.go   saving a cluster's state
//	restore.go  a data folder of a backup
//	recover.go  one node, after a majority was lost
//	salvage.go  what a damaged folder still proves
//	run.go      a job, and its reports         (internal/wrap, internal/spool)
//	spool.go    reports that could not be told
//	version.go  what the program was built of
//
// internal/client has the commands that call the API (client/alerts those about alerts),
// internal/bench has 'bench', which load pings for. internal/cli is what commands share:
// streams, exit statuses, errors and the flags of a connection; internal/term, flags, length
// and usage are its pieces.
package main
