// Package listener accepts the connections of the public port for as long as its socket
// lives, bounds how many are open, and proves to the node that its clients are heard.
//
//	listener.go  accepting, making room, living through a lack of descriptors
//	hearing.go   asking the own listener every second; what follows from no reply
//	refuse_*.go  a node that leaves has the kernel drop new connections
package listener
