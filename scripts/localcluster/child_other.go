//go:build !linux

package localcluster

import "syscall"

func childAttr() *syscall.SysProcAttr { return nil }
