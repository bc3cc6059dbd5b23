package boltfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
)

// Pairs are the keys and values of a log's two trees, as far as they can be read.
type Pairs struct {
	Logs []Entry
	Conf map[string][]byte
}

// Entry is a log entry as it was encoded, under its index.
type Entry struct {
	Index uint64
	Value []byte
}

// Salvage reads a log without bbolt, which would crash on many damaged files. It goes on
// wherever pages can be read, and returns the first thing that was wrong.
func Salvage(b []byte) (pairs Pairs, err error) {
	pairs = Pairs{Conf: map[string][]byte{}}
	m, err := newestMeta(b)
	if err != nil {
		return pairs, err
	}
	w := &looseWalk{treeWalk: treeWalk{file: bytes.NewReader(b), size: int64(m.page), end: uint64(len(b)) / uint64(m.page), seen: map[uint64]bool{}}}
	w.tree(m.root, func(e element) {
		tree := func(each func(element)) {
			if e.next != 0 {
				w.tree(e.next, each)
			} else if e.bucket {
				w.leaves(e.value[bucketHead:], each)
			}
		}
		switch string(e.key) {
		case "logs":
			tree(func(e element) {
				if len(e.key) == 8 {
					pairs.Logs = append(pairs.Logs, Entry{binary.BigEndian.Uint64(e.key), e.value})
				}
			})
		case "conf":
			tree(func(e element) { pairs.Conf[string(e.key)] = e.value })
		}
	})
	return pairs, w.err
}

// meta is one of the two heads of bbolt's file.
type meta struct {
	page int
	root uint64
	txid uint64
}

const (
	metaMagic  = 0xED0CDAED
	metaSummed = 56 // magic, version, page size, flags (4 bytes each); root, its sequence, free list, end, transaction (8 each)
	bucketHead = 16 // root page, sequence (8 bytes each); a small bucket's only page follows
)

// newestMeta returns the newer of the heads that are whole.
func newestMeta(b []byte) (best meta, err error) {
	for _, at := range []int{0, 4096, 8192, 16384, 32768, 65536} { // the second is on page 1, whatever the size of a page
		if at+pageHeader+metaSummed+8 > len(b) {
			break
		}
		h := b[at+pageHeader:]
		sum := fnv.New64a()
		sum.Write(h[:metaSummed])
		m := meta{page: int(order.Uint32(h[8:])), root: order.Uint64(h[16:]), txid: order.Uint64(h[48:])}
		whole := order.Uint32(h) == metaMagic && order.Uint64(h[metaSummed:]) == sum.Sum64()
		if whole && m.page >= 1024 && (best.page == 0 || m.txid > best.txid) {
			best = m
		}
	}
	if best.page == 0 {
		return best, errors.New("it has no head")
	}
	return best, nil
}

// looseWalk walks a tree and passes over what is damaged.
type looseWalk struct {
	treeWalk
	err error
}

func (w *looseWalk) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// tree calls each for what is on the leaves below a page.
func (w *looseWalk) tree(id uint64, each func(element)) {
	b, err := w.read(id)
	if err != nil {
		w.fail(err)
		return
	}
	w.leaves(b, each)
}

func (w *looseWalk) leaves(b []byte, each func(element)) {
	if len(b) < pageHeader {
		w.fail(errors.New("a page is cut off"))
		return
	}
	flags, n := order.Uint16(b[8:]), int(order.Uint16(b[10:]))
	if flags != branchPage && flags != leafPage || pageHeader+n*pageElement > len(b) {
		w.fail(fmt.Errorf("a page has flags %d and %d elements", flags, n))
		return
	}
	for i := range n {
		e, err := readElement(b[pageHeader+i*pageElement:], flags)
		switch {
		case err != nil:
			w.fail(err)
		case flags == branchPage:
			w.tree(e.next, each)
		default:
			each(e)
		}
	}
}
