package data

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Disk keeps on disk the numbers of data that do not fit the memory that they may take: in the data's own file where
// that holds them as they are used, and else in a file without a name, which is gone when the process is. Arrays of it
// are mapped, so that they read as any; the system brings in what is read, and may drop it again.
//
// Sets that were read with a Disk must not be used after its Close.
type Disk struct {
	// MayMap refuses to map so many bytes more, where the address space is limited; nil has no limit.
	MayMap func(bytes int64) error

	dir string

	mu     sync.Mutex
	left   int64 // bytes of memory that arrays may still take
	memory int64
	maps   []mapping
	own    int64 // bytes of the Disk's files
	mapped int64 // of all arrays on disk
	files  []watched
	far    atomic.Bool  // something is on disk
	base   atomic.Int64 // bytes of files in memory that are none of the data, as the program's own
	since  atomic.Int64 // bytes that were read since it was last looked at how much memory they take
	stop   chan struct{}
}

// mapping is a mapped file.
type mapping struct {
	b    []byte
	file *os.File // of the Disk's own, which others can map too; nil for another
}

// from returns where in the mapping an array of so many bytes begins, false where it is not in it.
func (m mapping) from(v []byte) (offset int64, in bool) {
	if len(v) == 0 {
		return 0, false
	}
	start, at := uintptr(unsafe.Pointer(unsafe.SliceData(m.b))), uintptr(unsafe.Pointer(unsafe.SliceData(v)))
	return int64(at - start), at >= start && at < start+uintptr(len(m.b))
}

func (m mapping) close() {
	unmap(m.b)
	if m.file != nil {
		m.file.Close()
	}
}

// watched is a file of the data whose numbers are read where they lie.
type watched struct {
	path string
	info os.FileInfo
}

// NewDisk returns a Disk for data that may take so many bytes of memory, whose files are in dir; "" is [SpoolDir]. It is
// nil, with which all data are in memory, on systems that are not Unix.
func NewDisk(memory int64, dir string) *Disk {
	if !canMap {
		return nil
	}
	if dir == "" {
		dir = SpoolDir()
	}
	return &Disk{dir: dir, left: memory, memory: memory}
}

// SpoolDir returns where data are kept on disk unless another folder is named: TMPDIR, or /var/tmp, which is no memory
// where /tmp is.
func SpoolDir() string {
	if os.Getenv("TMPDIR") == "" {
		if info, err := os.Stat("/var/tmp"); err == nil && info.IsDir() {
			return "/var/tmp"
		}
	}
	return os.TempDir()
}

type diskKey struct{}

// WithDisk returns a context by which data are read with that Disk.
func WithDisk(ctx context.Context, d *Disk) context.Context {
	if d == nil {
		return ctx
	}
	return context.WithValue(ctx, diskKey{}, d)
}

// seenKey says of a context that data are read by it that another process looks at.
type seenKey struct{}

// diskOf returns the context's Disk, nil for none.
func diskOf(ctx context.Context) *Disk {
	d, _ := ctx.Value(diskKey{}).(*Disk)
	return d
}

// Memory returns how many bytes of memory the data may take in all.
func (d *Disk) Memory() int64 { return d.memory }

// Limit sets how many bytes of memory the data may take in all, before any are read.
func (d *Disk) Limit(memory int64) { d.memory, d.left = memory, memory }

// Kept returns how many bytes of arrays are read from disk, and how many of these in files of the Disk's own.
func (d *Disk) Kept() (own, all int64) {
	if d == nil {
		return 0, 0
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.own, d.mapped
}

// OnDisk reports whether numbers of the set are on disk, or were too many for memory together with others.
func (s *Set) OnDisk() bool {
	if s.disk == nil {
		return false
	}
	w := s.holder()
	return s.under != nil || s.disk.has(asBytesOf(w.U8)) || s.disk.has(asBytesOf(w.F32)) || s.disk.has(asBytesOf(w.F64))
}

// Memory returns how many bytes of memory the Disk leaves that the set was read with, 0 for none.
func (s *Set) Memory() int64 {
	if s.disk == nil {
		return 0
	}
	return s.disk.memory
}

// asBytesOf returns the bytes of an array.
func asBytesOf[T number](v []T) []byte {
	if len(v) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*int(unsafe.Sizeof(v[0])))
}

// has says whether an array is on disk.
func (d *Disk) has(b []byte) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.ContainsFunc(d.maps, func(m mapping) bool {
		_, in := m.from(b)
		return in
	})
}

// takes says whether so many bytes more are kept in memory, and counts them if so.
func (d *Disk) takes(bytes int64) bool {
	if d == nil {
		return true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if bytes > d.left {
		d.left = min(d.left, d.memory/4) // the rest is for what is read of the disk
		return false
	}
	d.left -= bytes
	return true
}

// gives counts bytes that arrays no longer take.
func (d *Disk) gives(bytes int64) {
	d.mu.Lock()
	d.left += bytes
	d.mu.Unlock()
}

// newArray returns n zeros in memory, or on disk where they do not fit.
func newArray[T number](d *Disk, n int) ([]T, error) {
	var one T
	bytes := int64(n) * int64(unsafe.Sizeof(one))
	if d.takes(bytes) {
		return make([]T, n), nil
	}
	b, err := d.spool(bytes, true)
	if err != nil {
		return nil, err
	}
	return asArray[T](b), nil
}

// asArray returns bytes as numbers of the machine's own order.
func asArray[T number](b []byte) []T {
	var one T
	if len(b) == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(one)))
}

// mappedElements returns the n elements that come next in a file as they lie there, nil where they are not kept as T, or
// fit in memory.
func mappedElements[T number](s *stream, n int, descr, what string) ([]T, error) {
	var one T
	bytes := int64(n) * int64(unsafe.Sizeof(one))
	d := diskOf(s.ctx)
	kind := map[any]string{uint8(0): "u1", float32(0): "f4", float64(0): "f8"}[one]
	if s.file == nil || d == nil || bareType(descr) != kind || (descr[0] == '>' || !littleEndian) && kind != "u1" || s.at%int64(unsafe.Sizeof(one)) != 0 {
		return nil, nil
	}
	if s.ctx.Value(seenKey{}) == nil && d.takes(bytes) {
		d.gives(bytes) // who reads them counts them
		return nil, nil
	}
	if err := s.can(bytes, what); err != nil {
		return nil, err
	}
	if err := d.room(bytes); err != nil {
		return nil, err
	}
	b, err := mapFile(s.file, s.at+bytes)
	if err != nil {
		return nil, &os.PathError{Op: "mmap", Path: s.path, Err: err}
	}
	d.add(mapping{b: b}, 0)
	d.watch(s.file)
	if _, err := s.file.Seek(s.at+bytes, io.SeekStart); err != nil {
		return nil, err
	}
	start := s.at
	s.r, s.at = bufio.NewReader(s.file), start+bytes
	return asArray[T](b[start:]), nil
}

// watch notes what a file is like.
func (d *Disk) watch(f *os.File) {
	if info, err := f.Stat(); err == nil {
		d.mu.Lock()
		d.files = append(d.files, watched{f.Name(), info})
		d.mu.Unlock()
	}
}

// reading notes that rows of the set are read: those that read fast look themselves how much memory that takes, as what
// looks now and then may come late on a busy machine.
func (s *Set) reading(rows int) {
	bytes := 4 * int64(rows) * int64(s.Cols)
	if s.order != nil {
		bytes = far * int64(rows)
	}
	s.disk.brought(bytes)
}

// often is after how many bytes it is looked how much memory those that were read take, and far what the system brings in
// with a row that does not follow the one before it.
const (
	often = 8 << 20
	far   = 256 << 10
)

// brought notes that so many bytes were read.
func (d *Disk) brought(bytes int64) {
	if d != nil && d.far.Load() && d.since.Add(bytes) > often {
		d.since.Store(0)
		d.shrink()
	}
}

// broughtIn notes that those rows of a set that holds its numbers were read.
func (s *Set) broughtIn(rows []int) {
	if s.disk == nil {
		return
	}
	row := s.rowBytes()
	bytes, last := int64(0), -1
	for _, i := range rows {
		if bytes += row; i != last+1 {
			bytes += min(far, row*max(int64(i-last), int64(last-i)))
		}
		last = i
	}
	if len(rows) > 0 {
		bytes -= min(far, row*int64(rows[0])) // may well follow those before
	}
	s.disk.brought(bytes)
}

// Shrink has the system drop what was read of a set on disk where it takes more memory than the data may. It does so by
// itself now and then; who reads here and there brings in much more than is read.
func (s *Set) Shrink() {
	if s.disk != nil && s.OnDisk() {
		s.disk.shrink()
	}
}

// Unchanged returns an [*Error] about a file that was written to since the set was read of it and is read still, nil where
// there is none.
func (s *Set) Unchanged() error {
	if s.disk == nil {
		return nil
	}
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	for _, f := range s.disk.files {
		if now, err := os.Stat(f.path); err == nil && os.SameFile(now, f.info) && (now.Size() != f.info.Size() || !now.ModTime().Equal(f.info.ModTime())) {
			return wrong(f.path, "it was written to while it was read: expected it to stay as it is; another file may take its place")
		}
	}
	return nil
}

// release lets go of an array of newArray's that nobody reads any more.
func release[T number](d *Disk, v []T) {
	if d == nil || len(v) == 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for k, m := range d.maps {
		if offset, in := m.from(asBytesOf(v)); in {
			d.maps = append(d.maps[:k], d.maps[k+1:]...)
			d.mapped -= int64(len(m.b))
			if offset == 0 {
				d.own -= int64(len(m.b))
			}
			m.close()
			return
		}
	}
	d.left += int64(len(asBytesOf(v)))
}

// room refuses to map what MayMap does.
func (d *Disk) room(bytes int64) error {
	if d.MayMap == nil {
		return nil
	}
	return d.MayMap(bytes)
}

// spool returns so many bytes of a new file, which stays open where others may map it too.
func (d *Disk) spool(bytes int64, open bool) ([]byte, error) {
	if err := d.room(bytes); err != nil {
		return nil, err
	}
	b, f, err := newMapping(d.dir, bytes)
	if err != nil {
		return nil, fmt.Errorf("%d MiB of numbers to keep on disk: %w", bytes>>20+1, err)
	}
	if !open {
		f.Close()
		f = nil
	}
	d.add(mapping{b, f}, bytes)
	return b, nil
}

// add takes a mapping, of which own bytes are a file of the Disk's.
func (d *Disk) add(m mapping, own int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.far.Store(true)
	d.maps = append(d.maps, m)
	d.own, d.mapped = d.own+own, d.mapped+int64(len(m.b))
	if d.stop == nil {
		d.stop = make(chan struct{})
		go d.keepSmall(d.stop)
	}
}

// Close lets go of all arrays. A nil Disk has none.
func (d *Disk) Close() {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stop != nil {
		close(d.stop)
	}
	for _, m := range d.maps {
		m.close()
	}
	d.maps, d.stop = nil, nil
}
