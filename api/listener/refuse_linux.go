package listener

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// RefuseNew has the kernel drop each packet that would begin a connection.
// What has begun goes on: it is only closing the listener that would reset the
// connections that wait in its queue. A client that is dropped tries again after a
// second, and is refused by the closed port.
func RefuseNew(ln net.Listener) error {
	s, ok := ln.(syscall.Conn)
	if !ok {
		return nil // no socket, no kernel
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return err
	}
	filter := []unix.SockFilter{ // of a TCP segment, from its header on
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 13},         // its flags
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: 2, Jf: 1}, // SYN?
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},                        // drop
		{Code: unix.BPF_RET | unix.BPF_K, K: 0xffff},                   // keep
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
			&unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]})
	})
	if err != nil {
		return err
	}
	return failed
}
