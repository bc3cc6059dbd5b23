package cluster

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"go.etcd.io/bbolt"
)

// checkTree walks the pages of a log as bbolt will when it opens it for writing, to
// find those that are free. bbolt trusts what it reads there, on a goroutine of its
// own, so that a damaged page would kill the process without words. The layout is
// bbolt's, of its file format 2.
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

const (
	pageHeader  = 16 // number (8 bytes), flags (2), elements (2), pages that follow and belong to it (4)
	pageElement = 16 // of a branch: position (4), length of the key (4), page (8); of a leaf: flags (4), position (4), lengths of key and value (4, 4)

	branchPage    = 1
	leafPage      = 2
	bucketElement = 1
)

var order = binary.NativeEndian

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

// element is one of a page: it leads to a page below, or to another tree, or, if next
// is 0, nowhere.
type element struct {
	key    []byte
	value  []byte // of a leaf
	next   uint64
	bucket bool
}

// elements reads those of a page.
func elements(b []byte) ([]element, error) {
	flags, n := order.Uint16(b[8:]), int(order.Uint16(b[10:]))
	if flags != branchPage && flags != leafPage || pageHeader+n*pageElement > len(b) {
		return nil, fmt.Errorf("it has flags %d and %d elements", flags, n)
	}
	all := make([]element, n)
	for i := range all {
		var err error
		if all[i], err = readElement(b[pageHeader+i*pageElement:], flags); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// readElement reads the one at the beginning of b, which goes to the page's end.
func readElement(b []byte, flags uint16) (element, error) {
	pos, key, value := order.Uint32(b), order.Uint32(b[4:]), uint32(0)
	if flags == leafPage {
		pos, key, value = order.Uint32(b[4:]), order.Uint32(b[8:]), order.Uint32(b[12:])
	}
	keyEnd := uint64(pos) + uint64(key)
	if end := keyEnd + uint64(value); end > uint64(len(b)) {
		return element{}, fmt.Errorf("an element ends %d bytes behind it", end-uint64(len(b)))
	}
	e := element{key: b[pos:keyEnd], value: b[keyEnd : keyEnd+uint64(value)]}
	switch {
	case flags == branchPage:
		if e.next = order.Uint64(b[8:]); e.next == 0 {
			return e, errors.New("a branch leads nowhere")
		}
	case order.Uint32(b)&bucketElement == 0:
	case value < pageHeader:
		return e, fmt.Errorf("a bucket has a head of %d bytes", value)
	default:
		e.bucket, e.next = true, order.Uint64(b[keyEnd:]) // 0: all of it is in the value
	}
	return e, nil
}
