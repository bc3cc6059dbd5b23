// Package node makes a node of its parts, and takes them down again. It is the only place
// where api, alerting and cluster meet.
//
//	node.go      the parts in the order in which they are made, and their end
//	adapters.go  what the cluster and alerting are to the API
//	listen.go    the public listener, and its address for others
//	addrs.go     the file that tells where a node listens
//	signals.go   what signals do to a node
//	reload.go    exchanging certificates and secrets while it runs
//	files.go     whether the files of certificates changed
//	backups.go   when this node last sent a backup
//	outbound.go  how well the cluster is, for the ping to another monitor
//	selfwatch.go the watch over nodes and certificates
//	links.go     signs the links by which people acknowledge
//	logqueue.go  the queue before the log's reader
//	faults_*.go  breaking a node by order, in tests only (build tag faults)
package node
