// Package ntfy writes alerts for ntfy, as JSON to the server itself, so that the topic,
// which whoever knows it can read, is in no URL.
package ntfy
