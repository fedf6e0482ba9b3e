package data

// room is what a frame asks before it takes memory.
type room struct {
	ask   func(n int64, what string) error // nil where there is nobody to ask
	rows  int                              // that memory was asked for
	taken int64                            // bytes of texts kept
	most  int64                            // of them, that memory was asked for
}

// someText is how many bytes of texts memory is asked for at a time, at most.
const someText = 16 << 20

// prepare asks for what the next n rows take, and more at once where that is little.
func (f *frame) prepare(n int) error {
	r := &f.room
	if r.ask == nil || f.rows+n <= r.rows && r.taken < r.most {
		return nil
	}
	texts, many := int64(0), int64(0)
	for _, c := range f.fields {
		if c.texts != nil {
			texts++
			if c.texts.many {
				many++
			}
		}
	}
	cells := int64(f.width) + texts
	const few = 1 << 10 // a small table asks for little
	more := max(int64(n), min(max(int64(f.rows), few), someBlocks*blockValues/max(cells, 1)))
	text := min(max(r.taken, few*few), someText)
	all := int64(f.rows) + more
	r.rows, r.most = int(all), r.taken+text
	// What comes next, lists that are copied to grow, and the list that all are joined to in the end.
	need := 8*int64(f.width)*(more+few) + 4*cells*all
	if f.disk != nil { // numbers that memory does not hold are kept there
		need = 0
	}
	if texts > 0 {
		need += text + 5*texts*all + 20*many*all
	}
	return r.ask(need, "numbers")
}

// prepareSet asks for what a set of so many columns takes, of numbers of so many bytes.
func (f *frame) prepareSet(cols, bytes int, r *roles) error {
	if f.room.ask == nil {
		return nil
	}
	need := int64(cols) * int64(bytes)
	if f.disk != nil {
		need = 0
	}
	for _, j := range []int{r.id, r.label, r.group, r.condition} {
		if j >= 0 {
			need += 16 + 8 // a text and what stands for it
			if f.fields[j].texts == nil {
				need += 24
			}
		}
	}
	return f.room.ask(need*int64(f.rows), "numbers")
}
