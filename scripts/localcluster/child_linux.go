package localcluster

import "syscall"

// childAttr lets a node die with a test that was killed.
func childAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
