// Package alerting is what a leader does about time and alerts: it ticks the
// serving clock, and it sends what the alert ledger holds, by mail and by other channels.
//
// Nothing here keeps state that matters. The ledger is replicated; a sender that
// dies at any point leaves a row from which the next leader goes on:
//
//	claim    a committed entry proves leadership and keeps a second sender away
//	transfer MAIL, RCPT, DATA and the message, all but the final dot
//	fence    a committed entry, refused to whoever no longer leads; then the dot,
//	         within 2 s of asking for the fence
//	settle   the server's answer, or "in doubt" if none came
//
// Claims and fences are never repeated: where their outcome is unknown the
// connection is dropped without the dot. A settle is repeated, and accepted from
// an ex-leader.
//
// Waiting for commits would leave the connections idle for most of the time. So a few
// rows are claimed ahead, and the outcome of a message is recorded while the next
// one of its connection is transferred. That one's dot waits for it: no connection
// ever has more than one message in doubt.
//
// The package knows the cluster only by the interface [Cluster], and the state only by
// packages fsm and fsm/store. Package message renders mails, and package smtp sends them; packages
// channel and those beside it do so for other services.
//
//	service.go      the service of a node, and what a leader runs
//	config.go       what is sent, how and to whom
//	ticker.go       ticks the serving clock, and in time for the next deadline
//	lane.go         works through one lane of the ledger: digests, doubts, attempts
//	awaited.go      the times that the clock has to come by
//	dispatcher.go   the lane of mail
//	delivery.go     one row: claim, render, settle, and when to retry
//	worker.go       one connection: transfer, fence, dot
//	channels.go     the kinds of channels, and testing one
//	channelsender.go the lane of a channel: claim, connect, fence, request, settle
//	channelgate.go  how much a channel is asked at once
//	health.go       probes the mail server, on every node
//	testmail.go     the test mail that somebody asks for
//	unaddressed.go  warns of alerts that nobody is told
//	points.go       the points of a delivery at which tests stop a node
//	metrics.go      what Prometheus is told of alerts
package alerting
