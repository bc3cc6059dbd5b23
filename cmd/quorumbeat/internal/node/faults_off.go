//go:build !faults

package node

import "github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/settings"

// injectFaults does nothing: a release cannot be told to fail. See faults_on.go.
func injectFaults(*settings.Node) (zoneinfo []string) { return nil }
