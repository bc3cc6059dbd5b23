//go:build !faults

package main

// breakOn does nothing: a release cannot be told to fail. See faults_on.go.
func breakOn(*serveSettings) {}
