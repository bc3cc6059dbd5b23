// Package smtp sends messages to one mail server, in two steps.
//
// A [Server] is the mail server that is configured. It opens a [Session] over SMTP, or over
// a stand-in that shows mails on a terminal. [Session.Transfer] sends a message up to, not
// including, the final dot; [Session.Complete] sends the dot, at a given time at the latest,
// and waits for the answer. Between the two the caller commits its fence. [Classify] says
// what an error means for an alert, and a [Gate] tells when the server may be used.
//
// Below that is a client of our own. It differs from the clients of libraries in what a
// sender of alerts needs: replies of every legal shape count, also those without text; the
// message and its dot are separate steps; each step has the time that RFC 5321 gives it; and
// an error keeps what the server said and at which step. A [Client] is for one goroutine.
// Closing its connection from another one ends it.
//
//	server.go     the server in use, which can be replaced
//	transport.go  the two steps, and the phase in which an error came
//	class.go      what an error means: whose fault a refusal is
//	gate.go       stops claims while the server is in trouble, and probes it
//	dialer.go     connecting: greeting, TLS, login
//	session.go    messages over one connection
//	guard.go      no write after a deadline, so that no dot leaves late
//	helo.go       the name of this machine for EHLO
//	tls.go        certificates, and advice when TLS fails
//	url.go        the SMTP URL
//	peer_*.go     notices a peer that is gone within half a minute
//	terminal.go   shows mails instead of sending them
//	client.go     commands and their replies
//	auth.go       logins
//	reply.go      parsing replies
//	limits.go     how long each answer may take
package smtp
