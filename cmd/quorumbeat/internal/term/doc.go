// Package term lays out what a command shows to a person: as wide as the terminal, and
// with nothing in it that would move the cursor.
//
//	table.go     rows of cells in columns that line up
//	width.go     how many columns a text takes; cutting and breaking it
//	fill.go      breaking a text's lines anew
//	terminal.go  whether a file is a terminal, and how wide
//	times.go     times, lengths of time and missing values as text
package term
