// Command lint checks the rules of this repository that no general tool knows. It prints one
// line for each violation and exits 1 if there is any.
//
//	main.go      finds the packages and files, and has each looked at
//	order.go     who may import whom: a place for every package
//	imports.go   which modules only some packages may import, and what fsm may
//	purity.go    no code of fsm reads a clock
//	beside.go    tests of fsm that start goroutines say so in their name
//	size.go      how many files a package may have
//	maps.go      each doc.go names the files of its package, and no others
//	pins.go      which versions of modules belong together
//	mentions.go  no file tells where it was written
//	files.go     the files that documents and comments name are there
//	commands.go  the tests that documents run are there
package main
