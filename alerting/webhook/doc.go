// Package webhook writes alerts as requests of Standard Webhooks, version 1: JSON of our
// own, with an ID that is the same on every attempt, the time, and an HMAC of both and the
// body, by which a receiver knows that it is ours.
//
//	webhook.go  the request and its signature
//	payload.go  the body
package webhook
