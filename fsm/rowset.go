package fsm

import "slices"

// rowSet is an ordered set of rows. Removal leaves a mark that is swept when
// half of the list is marks, so that nothing moves 100,000 keys at a time.
type rowSet struct {
	keys []rowKey
	has  map[AlertID]struct{}
}

func newRowSet() rowSet { return rowSet{has: map[AlertID]struct{}{}} }

func (s *rowSet) len() int { return len(s.has) }

func (s *rowSet) add(k rowKey) {
	if _, ok := s.has[k.id]; ok {
		return
	}
	s.has[k.id] = struct{}{}
	i, found := slices.BinarySearchFunc(s.keys, k, compareKeys)
	if !found { // else its mark is still there, and counts again
		s.keys = slices.Insert(s.keys, i, k)
	}
}

func (s *rowSet) remove(id AlertID) {
	if _, ok := s.has[id]; !ok {
		return
	}
	delete(s.has, id)
	if len(s.keys) > 64 && len(s.keys) > 2*len(s.has) {
		s.keys = slices.DeleteFunc(s.keys, func(k rowKey) bool { return !s.contains(k.id) })
	}
}

func (s *rowSet) contains(id AlertID) bool {
	_, ok := s.has[id]
	return ok
}

// oldest returns the first row, and forgets the marks before it.
func (s *rowSet) oldest() (AlertID, bool) {
	for len(s.keys) > 0 {
		if s.contains(s.keys[0].id) {
			return s.keys[0].id, true
		}
		s.keys = s.keys[1:]
	}
	return AlertID{}, false
}

// each calls f from the oldest to the newest until it returns false.
func (s *rowSet) each(f func(AlertID) bool) {
	for _, k := range s.keys {
		if s.contains(k.id) && !f(k.id) {
			return
		}
	}
}
