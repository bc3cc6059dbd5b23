package uptime

import "slices"

// pageSize is how many heartbeats share a page.
const pageSize = 64

// texts has a short text of each heartbeat, by ordinal; "" for none.
type texts struct {
	pages []*page // nil for those without a text
	epoch uint64  // counts snapshots
}

// page is some of them. One of an earlier epoch is a snapshot's, too.
type page struct {
	epoch uint64
	texts [pageSize]string
}

func (t *texts) snapshot() texts {
	t.epoch++
	return texts{pages: slices.Clone(t.pages)}
}

func (t *texts) of(ord uint64) string {
	i := (ord - 1) / pageSize
	if ord == 0 || i >= uint64(len(t.pages)) || t.pages[i] == nil {
		return ""
	}
	return t.pages[i].texts[(ord-1)%pageSize]
}

func (t *texts) put(ord uint64, text string) {
	if t.of(ord) == text {
		return
	}
	i := (ord - 1) / pageSize
	for uint64(len(t.pages)) <= i {
		t.pages = append(t.pages, nil)
	}
	switch p := t.pages[i]; {
	case p == nil:
		t.pages[i] = &page{epoch: t.epoch}
	case p.epoch != t.epoch:
		c := *p
		c.epoch = t.epoch
		t.pages[i] = &c
	}
	t.pages[i].texts[(ord-1)%pageSize] = text
	if t.pages[i].texts == ([pageSize]string{}) {
		t.pages[i] = nil
	}
}

// each passes the texts in the order of the ordinals.
func (t *texts) each(f func(ord uint64, text string)) {
	for i, p := range t.pages {
		if p == nil {
			continue
		}
		for slot, text := range p.texts {
			if text != "" {
				f(uint64(i)*pageSize+uint64(slot)+1, text)
			}
		}
	}
}
