// Package outbound tells another monitor that this one is well: a leader asks a URL from time to
// time, which may be the ping URL of a heartbeat in another quorumbeat. It does so only while
// the cluster is healthy as the leader sees it, so the silence of a cluster that is dead, cut off or
// cannot tell anybody is noticed by somebody else.
//
// A [View] is what the leader knows of its own health, and says in words what is wrong. A [Pinger]
// looks, asks and notes what came of it. It asks at once when its node begins to lead, so
// a failover leaves no hole but the election. What was withheld or failed is tried again
// soon. Two leaders that both ask do no harm.
//
// Who may set the URL may change the node's flags, so private addresses are asked; link-local
// ones and those of clouds' metadata are not. Redirects are not followed. The URL is
// a secret but for its host.
//
//	view.go     View: is the cluster well?
//	pinger.go   Pinger: what it does while the node leads
//	status.go   what it knows: for the log, the API and the metrics
package outbound
