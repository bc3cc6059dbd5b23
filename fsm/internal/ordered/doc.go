// Package ordered holds sets of keys in their order.
//
// A [Set] is not safe for use by several goroutines at once.
//
// Files:
//
//	set.go  Set: keys in chunks, with cursors and iterators in both directions
package ordered
