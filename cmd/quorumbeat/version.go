package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/settings"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/zones"
)

// Set by the linker; see the Makefile.
var (
	version  = "devel"
	revision = ""
)

func thisBuild() settings.Build { return settings.Build{Version: version, Revision: revision} }

func (p *program) versionCommand() *cobra.Command {
	return p.Teller("version", "Tell what this program was built of", func() (any, string) {
		goVersion := "unknown"
		if info, ok := debug.ReadBuildInfo(); ok {
			goVersion = info.GoVersion
		}
		tz := zones.New().Version()
		return map[string]string{"version": version, "revision": revision, "go": goVersion, "tz_data": tz},
			fmt.Sprintf("quorumbeat %s (revision %s, %s, time zones %s)", version, term.OrDash(revision), goVersion, tz)
	})
}
