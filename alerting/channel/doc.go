// Package channel says how an alert goes out by a channel, whatever its kind.
//
// A [Format] knows a service: it renders a message and reads the service's answer. An
// [Opener] makes of it a delivery in two steps, between which the ledger's fence stands:
//
//	Open      renders, looks the name up, connects, and completes TLS; nothing is sent
//	Complete  sends the request and reads the answer
//
// What an error means for the row is told by its [Class]. No error and no answer holds a
// secret of the channel.
//
//	message.go  what is sent
//	class.go    what an error means
//	json.go     bodies, as long as a service takes
//	http.go     channels that are one HTTP request
//	redact.go   texts without secrets
package channel
