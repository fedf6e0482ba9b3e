package data

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"slices"
)

// Processes of one machine that train together need not decode the same data each: one reads them, and lends the others
// their numbers, in files without names that they map too. Such a file is there for as long as one of them has it.

// Lent is where the numbers of a set are.
type Lent struct {
	Path string // of the file, as the process that lends it has it open
	Name string // that it had, by which it is told from another's

	Offset, Bytes int64
}

// Loan is what a process lends to others.
type Loan struct {
	Lent []Lent
	own  []*os.File
}

// Close ends the loan for those who have not borrowed yet. A nil Loan has none.
func (l *Loan) Close() {
	if l == nil {
		return
	}
	for _, f := range l.own {
		f.Close()
	}
	l.own = nil
}

// Decoded reports whether reading data of that name makes numbers of what is in its files: all but one file of NPY or IDX
// that is not packed, and holds real numbers or pictures of bytes, as they are mapped.
func Decoded(ctx context.Context, name string) bool {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return true
	}
	kind, _, err := kindOf(ctx, name)
	if err != nil || kind != "npy" && kind != "idx" {
		return true
	}
	mapped := false
	err = withFile(ctx, name, func(s *stream) error {
		h := npyHeader{descr: "|u1"}
		if kind == "npy" {
			if h, err = readNPYHeader(s); err != nil {
				return err
			}
		} else if number, dims, err := idxHeader(s); err != nil || number != 0x08 {
			return err
		} else {
			h.shape = dims
		}
		bytes := bareType(h.descr) == "u1" && len(h.shape) > 2
		real := slices.Contains([]string{"<f4", "<f8"}, h.descr) && littleEndian
		mapped = s.file != nil && !h.fortran && (bytes || real)
		return nil
	})
	return err != nil || !mapped
}

// lentSet is a set without its numbers, the names of its rows and their groups.
type lentSet struct {
	Set    *Set
	Number byte // what the numbers are: 1, 4 or 8 bytes each
	Events []bool
	Target *lentSet
}

// Outline returns what there is of a source beside its numbers and what says of rows which they are, for [Borrow].
func (s *Source) Outline() ([]byte, error) {
	var all [3]*lentSet
	for k, set := range []*Set{s.Train, s.Val, s.Test} {
		all[k] = set.outline()
	}
	var text bytes.Buffer
	err := gob.NewEncoder(&text).Encode(all[:])
	return text.Bytes(), err
}

func (s *Set) outline() *lentSet {
	if s == nil {
		return &lentSet{}
	}
	own := *s
	own.U8, own.F32, own.F64, own.IDs, own.Groups, own.Target = nil, nil, nil, nil, nil, nil
	l := &lentSet{Set: &own, Number: byte(s.rowBytes() / int64(max(s.Cols, 1))), Target: s.Target.outline()}
	for _, c := range s.Columns {
		l.Events = append(l.Events, c.events)
	}
	return l
}

// lendable are the sets of a source whose numbers are lent, in their order.
func (s *Source) lendable() (sets []*Set) {
	for _, set := range []*Set{s.Train, s.Val, s.Test} {
		if set == nil {
			continue
		}
		if sets = append(sets, set); set.Target != nil {
			sets = append(sets, set.Target)
		}
	}
	return sets
}

// Lend has other processes of the machine map the numbers of a source, until the loan is closed: those that are in memory
// are copied to files of the context's [Disk].
func (s *Source) Lend(ctx context.Context) (*Loan, error) {
	loan := &Loan{}
	d := diskOf(ctx)
	if d == nil {
		return nil, errNotLent
	}
	for _, set := range s.lendable() {
		if err := loan.add(d, set); err != nil {
			loan.Close()
			return nil, err
		}
	}
	return loan, nil
}

var errNotLent = errors.New("numbers are lent on systems that have data on disk, and where /proc shows open files")

// add lends the numbers of a set.
func (l *Loan) add(d *Disk, s *Set) error {
	v := s.numberBytes()
	if len(v) == 0 {
		return errNotLent
	}
	f, offset := d.openFile(v)
	if f == nil {
		if err := d.room(int64(len(v))); err != nil {
			return err
		}
		b, own, err := newMapping(d.dir, int64(len(v)))
		if err != nil {
			return err
		}
		copy(b, v)
		unmap(b)
		f, offset, l.own = own, 0, append(l.own, own)
	}
	path := fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), f.Fd())
	name, err := os.Readlink(path)
	if err != nil {
		return errNotLent
	}
	l.Lent = append(l.Lent, Lent{path, name, offset, int64(len(v))})
	return nil
}

// numberBytes are the numbers of a set that holds them, as they lie there.
func (s *Set) numberBytes() []byte {
	switch {
	case s.U8 != nil:
		return s.U8
	case s.F64 != nil:
		return asBytesOf(s.F64)
	}
	return asBytesOf(s.F32)
}

// openFile returns the Disk's own file that an array is in, and where; nil where it is in none.
func (d *Disk) openFile(v []byte) (*os.File, int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range d.maps {
		if offset, in := m.from(v); in && m.file != nil {
			return m.file, offset
		}
	}
	return nil, 0
}

// Borrow returns the source of an outline with the numbers that a process of this machine lends, which has looked at them
// (see [Reading.Seen]). It is an error where it is another machine, or one that does not show its open files.
func Borrow(ctx context.Context, outline []byte, lent []Lent) (*Source, error) {
	var all []*lentSet
	if err := gob.NewDecoder(bytes.NewReader(outline)).Decode(&all); err != nil || len(all) != 3 {
		return nil, fmt.Errorf("the outline of data: %w", err)
	}
	d := diskOf(ctx)
	if d == nil {
		return nil, errNotLent
	}
	var sets [3]*Set
	for k, l := range all {
		s, err := l.borrow(d, &lent)
		if err != nil {
			return nil, err
		}
		sets[k] = s
	}
	return &Source{Train: sets[0], Val: sets[1], Test: sets[2]}, nil
}

// borrow gives a set the numbers that are lent next, and its target those after them.
func (l *lentSet) borrow(d *Disk, lent *[]Lent) (s *Set, err error) {
	if l == nil || l.Set == nil {
		return nil, nil
	}
	s = l.Set
	for j, is := range l.Events {
		s.Columns[j].events = is
	}
	n := int64(s.Rows) * int64(s.Cols) * int64(l.Number)
	if len(*lent) == 0 || (*lent)[0].Bytes != n {
		return nil, errNotLent
	}
	b, err := (*lent)[0].open(d)
	if err != nil {
		return nil, err
	}
	switch *lent = (*lent)[1:]; l.Number {
	case 1:
		s.U8 = b
	case 4:
		s.F32 = asArray[float32](b)
	default:
		s.F64 = asArray[float64](b)
	}
	s.disk, s.seen = d, true
	s.learn()
	s.Target, err = l.Target.borrow(d, lent)
	return s, err
}

// open maps what is lent.
func (l Lent) open(d *Disk) ([]byte, error) {
	if err := d.room(l.Offset + l.Bytes); err != nil {
		return nil, err
	}
	f, err := os.Open(l.Path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	name, err := os.Readlink(l.Path)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || name != l.Name || info.Size() < l.Offset+l.Bytes {
		return nil, errNotLent
	}
	b, err := mapFile(f, l.Offset+l.Bytes)
	if err != nil {
		return nil, err
	}
	d.add(mapping{b: b}, 0)
	return b[l.Offset:], nil
}
