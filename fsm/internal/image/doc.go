// Package image holds the primitives of the snapshot image: what package wire has for
// slices, for a stream that may be long, with a checksum at its end.
//
// A [Writer] gathers what it writes and gives way to other goroutines. A [Reader] never
// asks for more memory than the bytes that have come justify. Both remember their first
// error.
//
// Files:
//
//	writer.go   Writer
//	reader.go   Reader
//	section.go  Section: optional parts, which have tags
package image
