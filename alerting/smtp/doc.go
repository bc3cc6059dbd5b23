// Package smtp speaks to one mail server as a client.
//
// It differs from the clients of libraries in what a sender of alerts needs: replies of
// every legal shape count, also those without text; the message and its final dot are
// separate steps; each step has the time that RFC 5321 gives it; and an error keeps what
// the server said and at which step.
//
// A [Client] is for one goroutine. Closing its connection from another ends it.
package smtp
