//go:build !linux

package raftlog

import "os"

const seesUnlinked = false

func unlinked(os.FileInfo) bool { return false }
