// Package limits bounds how often something may be asked of a node: pings of a heartbeat,
// test mails, links in mails, and names of what nobody knows; and how
// many do something that costs much at the same time. It also counts failed logins.
//
//	limits.go     the limits of a node, and what it says when one is exceeded
//	allowance.go  so many at once and then so often, for many callers in bounded memory
//	slots.go      so many at the same time
//	logins.go     failed logins: a metric, and now and then a line in the log
package limits
