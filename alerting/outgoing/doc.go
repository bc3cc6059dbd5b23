// Package outgoing makes one HTTP request at a time to addresses that somebody gave who
// may not reach into the network of the nodes. It is in two steps, so that a committed
// fence can stand between them:
//
//	Open  looks the name up, connects, and completes TLS: all but the request
//	Do    sends the request and reads the answer
//
// Every address is checked when it is dialled, after names were looked up: see [Policy].
// Redirects are answers like others, and not followed. A connection is used for one
// request.
//
// An error of Open means that nothing was sent. Errors of Do that are [ErrLate] mean the
// same; any other wraps [ErrNoAnswer]: the request may have been taken.
//
//	policy.go   which addresses may be dialled
//	names.go    which URLs may be opened
//	client.go   connecting, TLS
//	proxy.go    by way of a proxy of the environment
//	request.go  the request and its answer
package outgoing
