package data

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"slices"
)

// textBytes is how many bytes of a text make a block, where its lines are shorter.
const textBytes = 256 << 10

// textBlocks gives a text in blocks of whole lines. Their rows are read ahead, on all cores side by side. Where a block
// ends does not depend on how many there are.
type textBlocks struct {
	r     io.Reader
	plain func(text []byte) *plainRows // the rows of a block, nil where they are to be read line by line
	ahead []*textBlock
	given *textBlock
	spare [][]byte // to read to
	left  []byte   // the line under way behind the last block
	err   error    // why no block follows those ahead
}

// textBlock is a block while its rows are read.
type textBlock struct {
	text []byte
	rows *plainRows
	done chan struct{}
}

// next returns the next block, good until the one after it is asked for.
func (b *textBlocks) next() (*textBlock, error) {
	if b.given != nil {
		b.spare = append(b.spare, b.given.text)
	}
	most := 1
	if b.plain != nil {
		most = min(runtime.GOMAXPROCS(0), 8) + 1
	}
	for len(b.ahead) < most && b.err == nil {
		block := &textBlock{done: make(chan struct{})}
		block.text, b.err = b.read()
		if len(block.text) == 0 {
			break
		}
		go func() {
			defer close(block.done)
			if b.plain != nil {
				block.rows = b.plain(block.text)
			}
		}()
		b.ahead = append(b.ahead, block)
	}
	if len(b.ahead) == 0 {
		b.given = nil
		return nil, b.err
	}
	b.given, b.ahead = b.ahead[0], b.ahead[1:]
	<-b.given.done
	return b.given, nil
}

// read reads the text of a block, up to the end of a line where there is one, and why none follows.
func (b *textBlocks) read() ([]byte, error) {
	var text []byte
	if last := len(b.spare) - 1; last >= 0 {
		text, b.spare = b.spare[last], b.spare[:last]
	}
	text = append(text[:0], b.left...)
	b.left = b.left[:0]
	for size := max(textBytes, 2*len(text)); ; size *= 2 {
		start := len(text)
		text = slices.Grow(text, size-start)
		for len(text) < size {
			n, err := b.r.Read(text[len(text):size])
			text = text[:len(text)+n]
			if err != nil && !errors.Is(err, io.EOF) {
				text = text[:bytes.LastIndexByte(text, '\n')+1] // nobody knows how the line goes on
			}
			if err != nil {
				return text, err
			}
		}
		if end := start + bytes.LastIndexByte(text[start:], '\n') + 1; end > start {
			b.left = append(b.left, text[end:]...)
			return text[:end], nil
		}
	}
}
