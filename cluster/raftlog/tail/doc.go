// Package tail holds the newest entries of a log that the log's store does not have yet,
// and writes them to the store behind the caller's back. Readers see store and tail as one
// log. A [Tail] does not say whether its entries are safe meanwhile: its users do, one of
// which has them in a journal, and one of which may lose them.
//
//   - tail.go: the entries, and the goroutine that stores them
package tail
