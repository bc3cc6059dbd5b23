package boltfile

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The layout of a page, of bbolt's file format 2.
const (
	pageHeader  = 16 // number (8 bytes), flags (2), elements (2), pages that follow and belong to it (4)
	pageElement = 16 // of a branch: position (4), length of the key (4), page (8); of a leaf: flags (4), position (4), lengths of key and value (4, 4)

	branchPage    = 1
	leafPage      = 2
	bucketElement = 1
)

var order = binary.NativeEndian

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
