package boltfile

import (
	"bytes"
	"fmt"
	"io"

	"go.etcd.io/bbolt"
)

// checkTree walks the pages of a log as bbolt will when it opens the log for writing, to
// find the free ones. bbolt trusts what it reads there, on a goroutine of its own, so that
// a damaged page would kill the process without a message.
func checkTree(file io.ReaderAt, tx *bbolt.Tx) error {
	size := int64(tx.DB().Info().PageSize)
	w := &treeWalk{file: file, size: size, end: uint64(tx.Size() / size), seen: map[uint64]bool{}}
	return w.page(uint64(tx.Cursor().Bucket().Root()), nil, nil)
}

type treeWalk struct {
	file io.ReaderAt
	size int64  // of a page, in bytes
	end  uint64 // no page has this number or a higher one
	seen map[uint64]bool
}

// page walks a page and all below it. Keys must ascend, from least, if that is given,
// and stay below below.
func (w *treeWalk) page(id uint64, least, below []byte) error {
	b, err := w.read(id)
	if err != nil {
		return err
	}
	all, err := elements(b)
	if err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	for i, e := range all {
		if i > 0 && bytes.Compare(all[i-1].key, e.key) >= 0 || bytes.Compare(least, e.key) > 0 || below != nil && bytes.Compare(e.key, below) >= 0 {
			return fmt.Errorf("page %d: its keys are not in order", id)
		}
		switch {
		case e.next == 0:
			continue
		case e.bucket:
			err = w.page(e.next, nil, nil)
		case i+1 < len(all):
			err = w.page(e.next, e.key, all[i+1].key)
		default:
			err = w.page(e.next, e.key, below)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// read returns a page with those that belong to it.
func (w *treeWalk) read(id uint64) ([]byte, error) {
	header := make([]byte, pageHeader)
	if id < 2 || id >= w.end {
		return nil, fmt.Errorf("there is no page %d", id)
	}
	if _, err := w.file.ReadAt(header, int64(id)*w.size); err != nil {
		return nil, err
	}
	more := uint64(order.Uint32(header[12:]))
	if order.Uint64(header) != id || id+more >= w.end {
		return nil, fmt.Errorf("page %d says that it is %d, with %d more", id, order.Uint64(header), more)
	}
	for p := id; p <= id+more; p++ {
		if w.seen[p] {
			return nil, fmt.Errorf("page %d is used twice", p)
		}
		w.seen[p] = true
	}
	b := make([]byte, int64(1+more)*w.size)
	_, err := w.file.ReadAt(b, int64(id)*w.size)
	return b, err
}
