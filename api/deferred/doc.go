// Package deferred keeps the connections of the public port, for fasthttp to serve. The
// reply to a ping is deferred on them: it is sent when the ping commits.
//
// The handler of a ping does not wait for its outcome. It calls [ConnFor] for the request's
// connection, [Conn.Expect] before it gives [Conn.Resolve] to the cluster, and [Conn.Defer]
// once the cluster took the ping; then it replies as if all went well. fasthttp writes that
// reply and reads on, and the connection holds it back. Resolve sends it, or another one
// if the outcome is another. So no goroutine waits while a ping is on its way to the disks
// of a majority, and none has to be woken for each ping of a batch. Nothing that says OK is
// sent before a ping is recorded, and replies keep the order of their requests.
//
// On a kept connection plain pings do not reach fasthttp at all: they are read here, and
// [Conn.DeferReady] defers a reply that was written once for a second's pings.
//
// The layers of a connection, from the socket up: deadlineConn, replyConn, [Conn], and TLS
// if there is any.
//
//	pool.go      the open connections: which are idle, closing those, Shutdown's wait
//	conn.go      Conn, with and without TLS; lingering before a close
//	reply.go     the deferred reply: holding it back, sending it; their way out
//	direct.go    plain pings are taken before fasthttp sees them: all of their way in
//	plain.go     which lines of a head say nothing, for those that were not seen before
//	correct.go   the reply to a ping that failed, in the place of the one held back
//	rest.go      idle connections give their buffers back and wait for the next request
//	read.go      reading, and who may close a connection that waits for its client
//	gone_*.go    whether a client is gone, asked of the kernel
//	head.go      heads of requests that fasthttp would refuse are rewritten
//	deadline.go  deadlines that move timers only when they must
package deferred
