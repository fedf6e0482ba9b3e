package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/train"
)

// onTerminal is a progress on a terminal that keeps what is written to it.
func onTerminal(width int) (*progress, *bytes.Buffer) {
	var b bytes.Buffer
	p := newProgress(&printer{w: &b})
	p.width = func() int { return width }
	return p, &b
}

// Work that takes more than a second has a line, within the terminal's width, that is gone at the end, and before any other.
func TestProgressOfWork(t *testing.T) {
	p, b := onTerminal(40)
	p.told("reading a file with a long name that does not fit", 0, 1000)
	p.told("reading a file with a long name that does not fit", 100, 1000)
	if b.Len() != 0 {
		t.Errorf("shown at once: %q", b)
	}
	p.work.began = p.work.began.Add(-10 * time.Second)
	p.told("reading a file with a long name that does not fit", 250, 1000)
	p.told("reading a file with a long name that does not fit", 251, 1000) // too soon
	if got := b.String(); got != "\r 25 %  30 s left  reading a file with a\x1b[K" {
		t.Errorf("%q", got)
	}
	fmt.Fprintln(p.w, "a line")
	if got := b.String(); !strings.HasSuffix(got, "\x1b[K\r\x1b[Ka line\n") {
		t.Errorf("%q", got)
	}
	n := b.Len()
	p.told("reading a file with a long name that does not fit", 1000, 1000)
	p.told("writing", 1, 2)
	p.work.began = p.work.began.Add(-10 * time.Second)
	p.quiet.Store(true)
	p.told("writing", 1, 2)
	if b.Len() != n {
		t.Errorf("%q", b)
	}
}

// Every format tells of its reading, in order and to its end, and what is written is told too.
func TestReadingIsTold(t *testing.T) {
	table, out := mixedTable(t), t.TempDir()
	pictures := pictureFolder(t)
	for _, name := range append(tableFormats, "pictures") {
		file := filepath.Join(out, "rows"+name)
		if name == "pictures" {
			file = pictures
		} else {
			must(t, "data", "convert", table, file, "-q")
		}
		last, calls := int64(0), 0
		ctx := data.WithProgress(t.Context(), func(what string, done, total int64) {
			if what != "reading "+file || done > total || done < last && last < total {
				t.Errorf("%s: %s: %d of %d after %d", file, what, done, total, last)
			}
			if calls++; done == total {
				done = -total
			}
			last = done
		})
		if _, err := data.Open(ctx, file); err != nil || last >= 0 || calls < 2 {
			t.Errorf("%s: %v, %d calls, the last %d", file, err, calls, last)
		}
	}
}

// A training of many epochs leaves few lines, the first, the last of each phase and what comes a while after another; one of
// few leaves them all.
func TestLinesOfEpochs(t *testing.T) {
	lines := func(epochs int, slow ...int) string {
		var b bytes.Buffer
		p := newProgress(&printer{w: &b})
		for _, phase := range []string{"layer 1", "autoencoder"} {
			for n := 1; n <= epochs; n++ {
				p.step(train.Progress{Phase: phase, Epoch: n, Epochs: epochs})
				if slices.Contains(slow, n) {
					p.last = p.last.Add(-between)
				}
				p.epoch(train.Record{Phase: phase, Epoch: n})
			}
		}
		p.ended()
		p.ended()
		return b.String()
	}
	if n := strings.Count(lines(many), "\n"); n != 2*many {
		t.Errorf("%d epochs twice have %d lines", many, n)
	}
	text := lines(10000, 700)
	for _, want := range []string{"layer 1 epoch 1/10000 ", "layer 1 epoch 700/10000 ", "layer 1 epoch 10000/10000 ", "autoencoder epoch 1/10000 ", "autoencoder epoch 10000/10000 "} {
		if strings.Count(text, want) != 1 {
			t.Errorf("no %q in %.2000s", want, text)
		}
	}
	if n := strings.Count(text, "\n"); n > 20 { // 6 on a machine that computes 20,000 lines in a second
		t.Errorf("%d lines", n)
	}
}
