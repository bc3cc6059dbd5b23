package transport

import (
	"net"
	"sync"
)

type noListener struct {
	done chan struct{}
	once sync.Once
}

// NoListener returns a listener at which nobody ever arrives, for a node that takes no
// peers.
func NoListener() net.Listener { return &noListener{done: make(chan struct{})} }

func (l *noListener) Accept() (net.Conn, error) {
	<-l.done
	return nil, net.ErrClosed
}

func (l *noListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *noListener) Addr() net.Addr { return nodeAddr("") }
