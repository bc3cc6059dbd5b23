// Package journal makes log entries durable by one small write each. bbolt, which keeps the
// log, writes and syncs twice for each batch, and that cost more than everything else that
// is done for a batch. So entries go to a journal first, and from there to bbolt, many in one
// transaction.
//
// A [Journal] promises what a log store does: an entry that was stored is found again,
// also after a crash, and one that was deleted is not. A journal that is damaged so that
// an acknowledged entry may be missing is refused when it is opened. A node that was
// stopped in good order leaves no journal behind.
//
// Its files:
//
//   - journal.go: Journal: store, delete, close; what one write appends
//   - file.go: make, open and forget the file; its name in the store behind
//   - head.go: the file's first block, and its sizes
//   - recover.go: what a crash has left, read again; a check that changes nothing
//   - salvage.go: entries from a file that is damaged
//   - open_linux.go, open_other.go: writes that return when they are on disk
package journal
