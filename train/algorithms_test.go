package train

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// chooser is a CPU that says it chooses algorithms: for each compiled step one, its own unless one is kept.
type chooser struct {
	backend.Device
	machine string
	own     int
	kept    map[backend.Choice]bool
	chosen  []backend.Choice
}

func (d *chooser) Machine() string { return d.machine }

func (d *chooser) Choose(_ string, kept []backend.Choice) {
	d.kept, d.chosen = map[backend.Choice]bool{}, nil
	for _, c := range kept {
		d.kept[c] = true
	}
}

func (d *chooser) Chosen() []backend.Choice { return d.chosen }

func (d *chooser) Compile(step backend.List) (backend.Program, error) {
	c := backend.Choice{Machine: d.machine, Product: backend.Name(step[0]) + string(rune('a'+len(d.chosen)))}
	for c.Candidate = range 10 {
		if d.kept[c] {
			break
		}
	}
	if !d.kept[c] {
		c.Candidate = d.own
	}
	d.chosen = append(d.chosen, c)
	return d.Device.Compile(step)
}

// choosing runs c on such a device, and returns what it warned of.
func choosing(t *testing.T, ctx context.Context, machine string, own int, c settings.Config, o Options) (warnings string, err error) {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	o.Warn = func(line string) { warnings += line + "\n" }
	res, err := Run(ctx, &chooser{Device: dev, machine: machine, own: own}, c, divide(t, c), o)
	if err == nil {
		res.Model.Close()
	}
	return warnings, err
}

// stopped is the directory of a run on machine m that was interrupted in its first epoch.
func stopped(t *testing.T, c settings.Config) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "stopped")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	if _, err := choosing(t, ctx, "m", 3, c, Options{Dir: dir, Progress: func(Progress) { stop() }}); !Interrupted(err) {
		t.Fatal(err)
	}
	return dir
}

// What a run has computed by is there with its first checkpoint, and holds when it goes on, and for a run of its config.
func TestAlgorithmsOfARun(t *testing.T) {
	c := small(t, "stacked")
	whole := filepath.Join(t.TempDir(), "whole")
	if _, err := choosing(t, t.Context(), "m", 3, c, Options{Dir: whole}); err != nil {
		t.Fatal(err)
	}
	want := read(t, whole, AlgorithmsFile)
	dir := stopped(t, c)
	begun, err := parseAlgorithms(read(t, dir, AlgorithmsFile))
	if err != nil || len(begun) == 0 {
		t.Fatalf("%v: %v with the first checkpoint", err, begun)
	}
	warnings, err := choosing(t, t.Context(), "m", 5, c, Options{Dir: dir, Resume: true})
	if err != nil || warnings != "" {
		t.Fatal(err, warnings)
	}
	all, err := parseAlgorithms(read(t, dir, AlgorithmsFile))
	if err != nil || len(all) < len(begun) || !slices.Equal(all[:len(begun)], begun) {
		t.Errorf("%v: %v became %v", err, begun, all)
	}
	again := filepath.Join(t.TempDir(), "again")
	if _, err := choosing(t, t.Context(), "m", 5, c, Options{Dir: again, Algorithms: filepath.Join(whole, AlgorithmsFile)}); err != nil {
		t.Fatal(err)
	}
	if got := read(t, again, AlgorithmsFile); !bytes.Equal(got, want) {
		t.Errorf("a run of the same config has\n%s, want\n%s", got, want)
	}
	if exists(filepath.Join(trained(t, c), AlgorithmsFile)) {
		t.Error("a run on the CPU keeps algorithms")
	}
}

// A run that computes by another's algorithms has them before its first checkpoint, and leaves none where it has none.
func TestAlgorithmsBeforeTheFirstCheckpoint(t *testing.T) {
	c := small(t, "ae")
	from := filepath.Join(stopped(t, c), AlgorithmsFile)
	dir := filepath.Join(t.TempDir(), "run")
	d, err := OpenDirectory(dir, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &run{dir: d, dev: &chooser{machine: "m"}}
	if err := errors.Join(r.takeAlgorithms(from), r.writeConfig()); err != nil {
		t.Fatal(err)
	}
	was, _ := os.ReadFile(from)
	if got := read(t, dir, AlgorithmsFile); !bytes.Equal(got, was) {
		t.Errorf("%s, want %s", got, was)
	}
	d.Close()
	if exists(dir) {
		t.Error("a run without a checkpoint leaves algorithms")
	}
	if _, err := choosing(t, t.Context(), "m", 1, c, Options{Dir: dir, Algorithms: filepath.Join(dir, "none")}); !errors.As(err, new(*RequestError)) {
		t.Errorf("algorithms that are not there: %v", err)
	}
}

// Algorithms of another machine, and those that are gone, are said; damaged ones are refused.
func TestAlgorithmsThatCannotBeKept(t *testing.T) {
	c := small(t, "ae")
	dir := stopped(t, c)
	goOn := func(machine string) (string, error) {
		t.Helper()
		return choosing(t, t.Context(), machine, 5, c, Options{Dir: dir, Resume: true})
	}
	path, file := filepath.Join(dir, AlgorithmsFile), read(t, dir, AlgorithmsFile)
	rng := rand.New(rand.NewPCG(5, 6))
	damaged := [][]byte{nil, []byte("{}\n"), file[:len(file)-1], append(bytes.Clone(file), '\n')}
	for range 100 {
		other := bytes.Clone(file)
		other[rng.IntN(len(file))] ^= 1 << rng.IntN(8)
		damaged = append(damaged, other)
	}
	for _, other := range damaged {
		if _, err := parseAlgorithms(other); !errors.Is(err, model.ErrDamaged) {
			t.Errorf("%v of %q", err, other)
		}
	}
	if err := os.WriteFile(path, damaged[4], 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := goOn("m"); !errors.As(err, new(*RequestError)) || !strings.Contains(err.Error(), path) {
		t.Errorf("damaged: %v", err)
	}
	os.Remove(path)
	if warnings, err := goOn("m"); err != nil || !strings.Contains(warnings, path+" is not there") {
		t.Errorf("gone: %v, %q", err, warnings)
	}
	warnings, err := goOn("n")
	if err != nil || !strings.Contains(warnings, "another machine (m) than this one (n)") {
		t.Errorf("another machine: %v, %q", err, warnings)
	}
}
