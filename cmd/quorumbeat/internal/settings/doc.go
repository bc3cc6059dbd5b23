// Package settings reads what a command or a node is told: from the command line, else
// from the environment (QUORUMBEAT_ and the flag's name), else from a YAML file. A
// setting that nobody knows is an error, and so is a file with a secret that others can
// read.
//
//	sources.go       fills in flags from the environment and the file
//	variables.go     which variables there are, and which are misspelt
//	secrets.go       flags of secrets, and the files that hold them
//	secret_file.go   who else may read such a file
//	value_error.go   what is wrong with a value
//	node.go          the settings of a node
//	check.go         what is wrong with them, also on this machine
//	disk_reserve.go  the flag of a size
//	again.go         reading them again while the node runs
//	log.go           the log that they ask for
package settings
