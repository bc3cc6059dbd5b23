// Package wire holds the primitives of every binary format of quorumbeat: log
// entries, commands, results, snapshots, histories, frames between nodes and the
// journal. Appending functions return the extended slice, as append does. A [Reader]
// takes the values off a slice again and remembers the first error, so that a
// decoder checks once, at its end.
//
// A value has one encoding: numbers are varints in their shortest form, a bool is 0
// or 1, an address has no zone. A Reader refuses every other form, so that what was
// decoded is encoded to the same bytes again. Lengths come before what they measure,
// and are checked against what is left before anything is allocated.
//
// Files:
//
//	wire.go     appending numbers, strings, lists and addresses; Reader: the inverse, over a slice
//	checksum.go the CRC-32C table
//	uuid.go     the version bits of a random UUID
package wire
