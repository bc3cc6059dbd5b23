// Package smtpsink is a real SMTP server for tests and figures: it keeps what
// it is given, and fails on command.
//
//	sink.go     the server: its mails, and failures on command
//	session.go  one connection
//	drop.go     connections that are lost over a message
//	port_*.go   nobody else gets the port of a server that is down
package smtpsink
