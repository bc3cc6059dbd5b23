// Package durable makes files and folders that are whole, or not there, after a crash or
// a power cut. What a function has returned for is on disk, with the names that lead to it.
//
//   - file.go: replace a file at once
//   - folder.go: make folders, and sync the names in one
package durable
