package yardstick

import "sync"

// commits is group commit, with the fewest goroutines that it takes: what comes while a batch is being written is the
// next one, which goes at once.
type commits struct {
	disk   *disk
	others []*other
	acks   chan uint64 // the newest batch that one of the others has

	mu   sync.Mutex
	next *batch
	wake chan struct{}
}

// batch is what is written at once.
type batch struct {
	data []byte
	err  error
	done chan struct{}
}

func newBatch() *batch { return &batch{done: make(chan struct{})} }

func newCommits(path string, others int) (*commits, error) {
	d, err := openDisk(path)
	if err != nil {
		return nil, err
	}
	var list []*other
	for i := range others {
		o, err := startOther(path, i)
		if err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return beginCommits(d, list), nil
}

// beginCommits has a goroutine commit until the process ends.
func beginCommits(d *disk, others []*other) *commits {
	c := &commits{disk: d, others: others, acks: make(chan uint64, 64), next: newBatch(), wake: make(chan struct{}, 1)}
	for _, o := range others {
		go o.readAcks(c.acks)
	}
	go c.run()
	return c
}

// commit returns when a majority has data.
func (c *commits) commit(data []byte) error {
	c.mu.Lock()
	b := c.next
	b.data = append(b.data, data...)
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
	<-b.done
	return b.err
}

func (c *commits) run() {
	for n := uint64(1); ; n++ {
		<-c.wake
		c.mu.Lock()
		b := c.next
		c.next = newBatch()
		c.mu.Unlock()
		b.err = c.write(n, b.data)
		close(b.done)
	}
}

// write writes batch n here while the others do, and waits for so many of them as make a majority: of two, for one.
func (c *commits) write(n uint64, data []byte) error {
	for _, o := range c.others {
		if err := o.send(data); err != nil {
			return err
		}
	}
	if err := c.disk.write(data); err != nil || len(c.others) == 0 {
		return err
	}
	for <-c.acks < n {
	}
	return nil
}
