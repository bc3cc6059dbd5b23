// Command way tells which files a ping, or an alert, passes through a cluster's leader, in their order.
//
//	go run ./scripts/way          one plain ping
//	go run ./scripts/way -alert   one alert by mail
//
// It builds the program with a note at the beginning of each function, runs three nodes on loopback, and
// prints the functions that nine of ten pings passed, those of a goroutine together. An alert is one; what
// the nodes also do when nothing happens is left out.
//
// Behind each package stands how often it was entered. A package is entered once by another one while that
// works, however often it is called; what it calls, and what calls it back meanwhile, is no way out and in.
//
//	main.go   the cluster, and what passes it
//	build.go  the program with a note in each function (trace.go.txt: what takes the notes)
//	path.go   the notes, as a list of files
package main
