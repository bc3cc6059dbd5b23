// Package published holds what anybody may see: status pages and badges.
//
// A [Table] is written by one goroutine at a time. What it holds is never changed but
// replaced, so that images may share it.
//
// Files:
//
//	table.go  Table: publishing, taking back, listing
package published
