package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/train"
	"golang.org/x/term"
)

// progress shows on standard error how far a command is: on a terminal a live line, elsewhere, of a training alone, plain
// lines, one an epoch and now and then within a long one.
type progress struct {
	w     *printer
	width func() int // of the terminal, 0 where there is none
	quiet atomic.Bool
	last  time.Time     // of the last line of a training
	total int           // epochs of the phase under way
	shown time.Time     // when a line of a training was shown live
	kept  *train.Record // the last epoch, where it has no line yet
	of    int           // epochs of its phase

	mu   sync.Mutex // for work, which is told of from several goroutines
	work work
}

// work is what is under way: from how much of it on, since when, and when that was last shown.
type work struct {
	what         string
	from         int64
	began, shown time.Time
}

const (
	pause   = 10 * time.Second       // between plain lines within an epoch, at least
	early   = time.Second            // what takes less is not shown
	between = time.Second            // between the lines of epochs of a training of many, at least
	many    = 50                     // epochs
	often   = 100 * time.Millisecond // between two states of a line
)

func newProgress(w *printer) *progress {
	p := &progress{w: w, width: func() int { return 0 }, last: time.Now()}
	if f, ok := w.w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.width = func() int {
			width, _, err := term.GetSize(int(f.Fd()))
			if err != nil || width < 20 {
				return 80
			}
			return width
		}
	}
	return p
}

// told shows how far work is, with the time that is left at its speed so far, and takes that away at its end.
func (p *progress) told(what string, done, total int64) {
	width := p.width()
	if width == 0 || p.quiet.Load() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.work.what != what {
		p.work = work{what: what, from: done, began: now}
	}
	w := &p.work
	took := now.Sub(w.began)
	switch {
	case done >= total:
		p.w.show("")
		p.work = work{}
	case took >= early && now.Sub(w.shown) >= often && done > w.from:
		w.shown = now
		left := time.Duration(float64(took) * float64(total-done) / float64(done-w.from))
		p.w.show(fitted(fmt.Sprintf("%3d %%  %s left  %s", 100*done/total, duration(left), shownLine(what)), width))
	}
}

// fitted is a line cut so that it stays one on a terminal.
func fitted(line string, width int) string {
	if runes := []rune(line); len(runes) >= width {
		return string(runes[:width-1])
	}
	return line
}

// step shows where an epoch stands.
func (p *progress) step(at train.Progress) {
	p.total = at.Epochs
	if p.width() > 0 && time.Since(p.shown) < often {
		return
	}
	p.shown = time.Now()
	text := stepText(at, termsText(at.Terms))
	if width := p.width(); width > 0 {
		if len([]rune(text)) >= width {
			text = stepText(at, "loss "+short(at.Terms.Loss()))
		}
		p.w.show(fitted(text, width))
		return
	}
	if time.Since(p.last) < pause {
		return
	}
	p.last = time.Now()
	fmt.Fprintln(p.w, text)
}

func stepText(at train.Progress, terms string) string {
	return fmt.Sprintf("%s epoch %d/%d  %3d %%  %s  %s examples/s  %s left",
		at.Phase, at.Epoch, at.Epochs, 100*at.Step/max(1, at.Steps), terms, count(at.ExamplesPerSecond), duration(at.Left))
}

// epoch leaves a line about an epoch that is done: of a training of many, where some time has passed since the last.
func (p *progress) epoch(r train.Record) {
	if p.kept != nil && p.kept.Phase != r.Phase {
		p.ended()
	}
	if p.kept, p.of = &r, p.total; p.total <= many || r.Epoch == 1 || time.Since(p.last) >= between {
		p.ended()
	}
}

// ended leaves the line of the last epoch, if it has none.
func (p *progress) ended() {
	if p.kept != nil {
		p.last = time.Now()
		fmt.Fprintln(p.w, recordText(*p.kept, p.of))
		p.kept = nil
	}
}

func recordText(r train.Record, epochs int) string {
	of := ""
	if epochs > 0 {
		of = "/" + strconv.Itoa(epochs)
	}
	text := fmt.Sprintf("%s epoch %d%s  %s", r.Phase, r.Epoch, of, termsText(r.Train))
	if v := r.Validation; v != nil {
		text += "  validation " + short(v.Loss()) + accuracyText(v) + activeText(v)
	}
	return text + fmt.Sprintf("  %s examples/s  %s", count(r.ExamplesPerSecond), duration(time.Duration(r.Seconds*float64(time.Second))))
}

// termsText is a loss and, where it has more than one, its parts.
func termsText(t model.Terms) string {
	parts := []string{}
	for _, p := range t[min(2, len(t)):] {
		if p.Name != model.AccuracyTerm && p.Name != model.SSETerm && p.Value != 0 {
			parts = append(parts, p.Name+" "+short(p.Value))
		}
	}
	text := "loss " + short(t.Loss())
	if len(parts) > 0 {
		text += " (reconstruction " + short(t.Get(model.ReconstructionTerm)) + ", " + strings.Join(parts, ", ") + ")"
	}
	return text + accuracyText(t)
}

func accuracyText(t model.Terms) string {
	if v := t.Get(model.AccuracyTerm); v > 0 {
		return fmt.Sprintf(" (accuracy %.4f)", v)
	}
	return ""
}

// activeText is how many units of a drawn code are active; "" of another.
func activeText(t model.Terms) string {
	v := t.Get(model.ActiveUnitsTerm)
	if v != v {
		return ""
	}
	return fmt.Sprintf(" (%g active)", v)
}

func short(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

// count is a number of thousands with commas.
func count(v float64) string {
	s := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// duration is a time in the unit that people would use.
func duration(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.1f h", d.Hours())
}

func epochsText(n int) string {
	if n == 1 {
		return "1 epoch"
	}
	return fmt.Sprintf("%d epochs", n)
}
