// Package burst pings as curl does from cron at a full minute: each ping opens a connection of its own, and closes it when it
// is answered.
//
// Files:
//
//	burst.go     Burst: the pings, with TLS or without
//	haproxy.go   Balancer: HAProxy before the servers
//	cert.go      a certificate for them
package burst
