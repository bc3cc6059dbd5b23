// Command quorumbeat is a clustered dead-man's switch: `quorumbeat serve` is a
// node, `quorumbeat dev` three of them to try things with, and the other commands
// are clients of the HTTP API.
//
// This package only wires: it reads settings (settings.go), makes the parts of a
// node and takes them down again (node.go), and prints (client_*.go).
package main
