package data

import (
	"fmt"
	"strings"
)

// frame is a table as it was read, before it is known what its columns mean: numbers row after row, and columns of texts.
type frame struct {
	path    string
	fields  []rawColumn // in the file's order
	named   bool        // the file names its columns
	renamed []string    // names of columns that had one that came before
	decimal byte        // the mark in texts that are numbers
	width   int         // columns of numbers
	rows    int
	known   []columnStats // what stats found
	blocks  [][]float64   // whole rows of numbers in each, NaN for a missing one: a list that never has to be copied to grow
	room    room
	disk    *Disk     // where blocks are kept that memory does not hold; nil for nowhere
	taken   int64     // bytes of its memory that blocks have
	slab    []float64 // of it, for blocks to come
	slabs   [][]float64
	index   int // the column that a file itself calls names of rows, -1 for none

	manyEvents bool // whole numbers in many columns, of which many look like events that were counted
	manyCounts bool // it is a table of counts, of which most columns go beyond 1
}

// rawColumn is one column of a frame.
type rawColumn struct {
	name  string
	at    int    // among the numbers; -1 for texts and for what is not kept
	texts *texts // nil for numbers

	// Of files that keep types:
	typed  bool   // texts are texts by the file's word
	digits bool   // texts are whole numbers, some of which float64 does not hold
	level  bool   // it is of a data frame's index, as another one is before it
	dates  bool   // the numbers are days since 1970
	out    string // why no cell was read
}

// texts are a column of texts, each kept once.
type texts struct {
	codes  []uint32 // by row, into levels
	levels []string // in the order in which they came
	index  map[string]uint32
	taken  *int64 // bytes of texts in all
	many   bool   // so many differ that each is kept as it comes: levels may repeat
}

// mostLevels is how many texts are looked up before a column of which most differ counts as names or prose.
const mostLevels = 1 << 16

func (f *frame) newTexts() *texts { return &texts{index: map[string]uint32{}, taken: &f.room.taken} }

// add takes the text of the next row, a copy where it is a new one.
func (t *texts) add(text string) {
	if !t.many {
		if at, ok := t.index[text]; ok {
			t.codes = append(t.codes, at)
			return
		}
	}
	at := uint32(len(t.levels))
	text = strings.Clone(text)
	*t.taken += int64(len(text))
	t.levels, t.codes = append(t.levels, text), append(t.codes, at)
	if t.many {
		return
	}
	t.index[text] = at
	t.settle()
}

// addBytes is add without a copy of a text that is known.
func (t *texts) addBytes(text []byte) {
	if at, ok := t.index[string(text)]; ok && !t.many {
		t.codes = append(t.codes, at)
		return
	}
	t.add(strings.ToValidUTF8(string(text), "\ufffd"))
}

// join takes the texts of other rows, which come next.
func (t *texts) join(next *texts) {
	if t.many || next.many {
		for _, code := range next.codes {
			t.add(next.levels[code])
		}
		return
	}
	codes := make([]uint32, len(next.levels))
	for i, text := range next.levels {
		at, ok := t.index[text]
		if !ok {
			at = uint32(len(t.levels))
			*t.taken += int64(len(text))
			t.levels, t.index[text] = append(t.levels, text), at
		}
		codes[i] = at
	}
	for _, code := range next.codes {
		t.codes = append(t.codes, codes[code])
	}
	t.settle()
}

// settle ends the looking up where most texts differ.
func (t *texts) settle() {
	if len(t.levels) > mostLevels && len(t.levels) > len(t.codes)/2 {
		t.many, t.index = true, nil
	}
}

// at returns the text of a row.
func (t *texts) at(row int) string { return t.levels[t.codes[row]] }

// allDiffer says whether every row has a text of its own, in the order of the levels.
func (t *texts) allDiffer() bool {
	for i, code := range t.codes {
		if int(code) != i {
			return false
		}
	}
	return true
}

// blockValues is how many numbers a block of a table holds at most, where a line has no more.
const blockValues = 1 << 16

// someBlocks is how many blocks memory is asked for at a time.
const someBlocks = 16

// row returns where the numbers of the next row go.
func (f *frame) row() ([]float64, error) {
	last := len(f.blocks) - 1
	if last < 0 || len(f.blocks[last])+f.width > cap(f.blocks[last]) {
		size := max(blockValues, f.width)
		if last < 0 {
			size = max(64*f.width, 1) // of a small table, more than it needs is no matter, of a wide one it is
		}
		block, err := f.block(size)
		if err != nil {
			return nil, err
		}
		f.blocks, last = append(f.blocks, block[:0]), last+1
	}
	n := len(f.blocks[last])
	f.blocks[last] = f.blocks[last][:n+f.width]
	f.rows++
	return f.blocks[last][n:], nil
}

// slabValues is how many numbers are kept on disk together.
const slabValues = 8 << 20

// takes says whether so many numbers more are kept in memory.
func (f *frame) takes(numbers int) bool {
	bytes := 8 * int64(numbers)
	if !f.disk.takes(bytes) {
		return false
	}
	f.taken += bytes
	return true
}

// block returns room for so many numbers, in memory or on disk.
func (f *frame) block(size int) ([]float64, error) {
	if f.takes(size) {
		return make([]float64, size), nil
	}
	if len(f.slab) < size {
		b, err := f.disk.spool(8*int64(max(slabValues, size)), false)
		if err != nil {
			return nil, err
		}
		f.slab = asArray[float64](b)
		f.slabs = append(f.slabs, f.slab)
	}
	block := f.slab[:size:size]
	f.slab = f.slab[size:]
	return block, nil
}

// letGo gives back what the numbers took.
func (f *frame) letGo() {
	if f.disk == nil {
		return
	}
	for _, s := range f.slabs {
		release(f.disk, s)
	}
	f.disk.gives(f.taken)
	f.blocks, f.slabs, f.slab, f.taken = nil, nil, nil, 0
}

// each gives the numbers of every row to use, in order.
func (f *frame) each(use func(row int, numbers []float64)) {
	if f.width == 0 {
		for i := range f.rows {
			use(i, nil)
		}
		return
	}
	i := 0
	for _, b := range f.blocks {
		for ; len(b) > 0; b = b[f.width:] {
			use(i, b[:f.width])
			i++
		}
	}
}

// find returns the field of a name, or of a number from 1 where no field has that name.
func (f *frame) find(name string) (int, error) {
	for j := range f.fields {
		if f.named && f.fields[j].name == name {
			return j, nil
		}
	}
	if n, ok := atoi(name); ok && n >= 1 && n <= len(f.fields) {
		return n - 1, nil
	}
	if !f.named {
		return 0, wrong(f.path, "no column %q: expected a number of 1 to %d, as the file names none", clip(name), len(f.fields))
	}
	return 0, wrong(f.path, "no column %q: expected one of %s, or a number from 1", clip(name), Listed(f.names()))
}

func (f *frame) names() []string {
	names := make([]string, len(f.fields))
	for j, c := range f.fields {
		names[j] = c.name
	}
	return names
}

// title is what a message calls a field.
func (f *frame) title(j int) string {
	switch name := f.fields[j].name; {
	case f.named && name != "" && strings.ContainsAny(name, " ,;()\""):
		return fmt.Sprintf("%q", clip(name))
	case f.named && name != "":
		return clip(name)
	}
	return fmt.Sprintf("column %d", j+1)
}

// distinct makes names distinct as pandas does: a, a, b become a, a.1, b. It also returns those that it made. Columns without a
// name stay without.
func distinct(names []string) (all, made []string) {
	taken, times := map[string]bool{}, map[string]int{}
	for _, n := range names {
		taken[n] = true
	}
	for _, n := range names {
		name := n
		if times[n]++; times[n] > 1 && n != "" {
			for k := times[n] - 1; taken[name]; k++ {
				name = fmt.Sprintf("%s.%d", n, k)
			}
			taken[name], made = true, append(made, name)
		}
		all = append(all, name)
	}
	return all, made
}
