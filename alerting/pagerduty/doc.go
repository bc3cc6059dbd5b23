// Package pagerduty writes alerts for the Events API v2 of PagerDuty. An incident is one
// alert there: what it is told later has the same dedup key, so a failure updates it, a
// recovery resolves it, and a repeat changes nothing.
package pagerduty
