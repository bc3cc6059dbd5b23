// Package limits bounds how often something may be asked of a node: pings of a heartbeat,
// test mails, links in mails, and names of what nobody knows. It also counts failed logins.
//
//	limits.go     the limits of a node, and what it says when one is exceeded
//	allowance.go  so many at once and then so often, for many callers in bounded memory
//	logins.go     failed logins: a metric, and now and then a line in the log
package limits
