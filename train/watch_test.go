package train

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/settings"
)

// event is what the host asked of the device: to compile steps or launch them, or to
// wait for reading n, or for everything.
type event struct {
	what string
	n    int
}

// distant is a device whose readings are never there before they are waited for, as
// those of a GPU with work before it, and which notes what the host does.
type distant struct {
	backend.Device
	pause    time.Duration // of every step
	events   []event
	launches int
}

type distantProgram struct {
	backend.Program
	d *distant
}

func (d *distant) Compile(step backend.List) (backend.Program, error) {
	d.events = append(d.events, event{"compile", 0})
	p, err := d.Device.Compile(step)
	return distantProgram{p, d}, err
}

func (p distantProgram) Launch(times int) {
	p.d.events = append(p.d.events, event{"launch", p.d.launches})
	p.d.launches++
	time.Sleep(time.Duration(times) * p.d.pause)
	p.Program.Launch(times)
}

type distantReading struct {
	backend.Reading
	d  *distant
	of int // launch that it follows
}

func (d *distant) FetchSums(s backend.Sums) backend.Reading {
	return distantReading{d.Device.FetchSums(s), d, d.launches - 1}
}

func (r distantReading) Done() bool { return false }

func (r distantReading) Wait(dst []float64) error {
	r.d.events = append(r.d.events, event{"wait", r.of})
	return r.Reading.Wait(dst)
}

func (d *distant) waits() { d.events = append(d.events, event{"wait for all", 0}) }

func (d *distant) Sync() error                            { d.waits(); return d.Device.Sync() }
func (d *distant) ReadSums(v []float64, s backend.Sums)   { d.waits(); d.Device.ReadSums(v, s) }
func (d *distant) Download(v []float32, t backend.Tensor) { d.waits(); d.Device.Download(v, t) }
func openDistant(t *testing.T, pause time.Duration) *distant {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &distant{Device: dev, pause: pause}
}

// Between two chunks of an epoch the host waits for nothing but the readings of the
// chunk before the last.
func TestHostDoesNotWaitInAnEpoch(t *testing.T) {
	c := small(t, "vae")
	c.Batch, c.Epochs, c.Val = 2, 1, 0.1 // 99 rows: the last batch is of one
	dev := openDistant(t, 10*time.Millisecond)
	var steps []int
	res, err := Run(t.Context(), dev, c, divide(t, c), Options{Progress: func(p Progress) { steps = append(steps, p.Step) }})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	defer res.Model.Close()
	first := slices.Index(dev.events, event{"launch", 0})
	last := slices.Index(dev.events, event{"launch", dev.launches - 1})
	if dev.launches < 5 {
		t.Fatalf("only %d chunks: the test shows nothing", dev.launches)
	}
	for i := first; i <= last; i++ {
		switch e := dev.events[i]; {
		case e.what == "wait for all" || e.what == "compile":
			t.Errorf("inside the epoch the host did more than launch and read: %v", dev.events[first:i+1])
		case e.what == "wait" && !slices.Contains(dev.events[first:i], event{"launch", e.n + 1}):
			t.Errorf("the reading of chunk %d was waited for before chunk %d was launched", e.n, e.n+1)
		}
	}
	if want := (99 + 1) / 2; !slices.IsSorted(steps) || len(steps) != dev.launches || steps[len(steps)-1] != want {
		t.Errorf("progress at steps %v, want one for each of %d chunks up to step %d", steps, dev.launches, want)
	}
}

// Chunks are of about chunkTime, however far away the device is.
func TestChunksKeepTheirLength(t *testing.T) {
	c := small(t, "ae")
	c.Batch, c.Epochs, c.Val = 1, 1, 0
	const pause = 8 * time.Millisecond
	dev := openDistant(t, pause)
	defer dev.Close()
	at, longest := 0, 0
	res, err := Run(t.Context(), dev, c, divide(t, c), Options{Progress: func(p Progress) {
		longest = max(longest, p.Step-at)
		at = p.Step
	}})
	if err != nil {
		t.Fatal(err)
	}
	res.Model.Close()
	if most := int(chunkTime/pause) + 1; longest > most || longest < 3 {
		t.Errorf("the longest chunk is of %d steps, want up to %d", longest, most)
	}
}

// With readings on the way a run is interrupted, resumes and diverges as on a device
// that computes at once.
func TestResumeOnADistantDevice(t *testing.T) {
	for _, name := range []string{"stacked", "vae"} {
		c := small(t, name)
		c.Epochs, c.PretrainEpochs = 2, min(1, c.PretrainEpochs)
		whole, broken := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "broken")
		if _, err := runIn(t, t.Context(), c, Options{Dir: whole}); err != nil {
			t.Fatal(err)
		}
		sittings := 0
		for err := context.Canceled; err != nil; sittings++ {
			ctx, cancel := context.WithCancel(t.Context())
			dev := openDistant(t, 0)
			_, err = Run(ctx, dev, c, divide(t, c), Options{Dir: broken, Resume: true, Progress: func(Progress) { cancel() }})
			cancel()
			if closed := dev.Close(); closed != nil || err != nil && !Interrupted(err) || sittings > 50 {
				t.Fatal(closed, err)
			}
			if dev.launches > 4 && err != nil { // the last of an epoch, and the first two of the next
				t.Errorf("%d chunks were launched after the run was interrupted in its first", dev.launches-1)
			}
		}
		if sittings < 3 || !bytes.Equal(read(t, whole, ModelFile), read(t, broken, ModelFile)) {
			t.Errorf("%s: after %d sittings the model is not that of one", name, sittings)
		}
	}
}

func TestDivergenceOnADistantDevice(t *testing.T) {
	c := small(t, "ae")
	c.Loss, c.Optimizer, c.LR, c.Epochs = squared, settings.SGD, 1e30, 50
	_, atOnce := runIn(t, t.Context(), c, Options{})
	dev := openDistant(t, 0)
	defer dev.Close()
	_, err := Run(t.Context(), dev, c, divide(t, c), Options{})
	var d *DivergedError
	if !errors.As(err, &d) || err.Error() != atOnce.Error() {
		t.Errorf("%v, on a device that computes at once %v", err, atOnce)
	}
}
