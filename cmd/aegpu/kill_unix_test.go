//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// victims are trainings of every variant, with what may go wrong when one goes on in the middle: phases, schedules,
// best weights, moments of every optimiser, noise.
var victims = []struct {
	name string
	args []string
}{
	{"ae, cosine", []string{"--epochs", "20", "--schedule", "cosine:0.1"}},
	{"stacked, pretrained, finetuned", []string{"--model", "stacked", "--hidden", "12,8", "--pretrain-epochs", "4", "--epochs", "6", "--classifier", "finetune", "--classifier-epochs", "5"}},
	{"denoising, tied, Sutskever's momentum", []string{"--model", "denoising", "--epochs", "20", "--corrupt", "salt-and-pepper:0.2", "--tied", "--optimizer", "nesterov", "--momentum", "sutskever:0.9"}},
	{"sparse, top-k, adamw", []string{"--model", "sparse", "--epochs", "20", "--sparsity", "topk:2", "--optimizer", "adamw", "--weight-decay", "0.01"}},
	{"sparse, KL, warm-up", []string{"--model", "sparse", "--epochs", "20", "--sparsity", "kl:0.1:0.5", "--lr-warmup", "3"}},
	{"vae, KL warm-up, importance-weighted", []string{"--model", "vae", "--epochs", "20", "--kl-warmup", "4", "--samples", "3", "--binarise", "--schedule", "step:3:0.5"}},
	{"vae, accumulated, dropout, lamb", []string{"--model", "vae", "--epochs", "20", "--accumulate", "3", "--dropout", "0.1", "--free-bits", "0.05", "--optimizer", "lamb", "--lr-scale", "sqrt:20"}},
	{"contractive, exact", []string{"--model", "contractive", "--epochs", "20", "--contract", "exact:0.1", "--optimizer", "momentum", "--clip", "1"}},
	{"contractive, stochastic", []string{"--model", "contractive", "--epochs", "20", "--contract", "stochastic:0.1:2", "--activation", "tanh"}},
	{"ae, stops early", []string{"--epochs", "300", "--init", "xavier", "--patience", "3", "--min-improvement", "0.02", "--lr", "0.01"}},
	{"ae, in windows, from disk", []string{"--epochs", "20", "--window", "100", "--block", "3", "--memory", "0"}},
	{"stacked, in windows", []string{"--model", "stacked", "--hidden", "12,8", "--pretrain-epochs", "4", "--epochs", "6", "--window", "60", "--memory", "0"}},
	{"ae, frozen classifier, Burda's schedule", []string{"--epochs", "10", "--loss", "gaussian", "--classifier", "frozen", "--classifier-epochs", "10", "--schedule", "burda"}},
	{"denoising, to targets, in windows", []string{"--model", "denoising", "--epochs", "20", "--target", "1,2", "--window", "100", "--memory", "0"}},
	{"vae, conditional, in windows", []string{"--model", "vae", "--epochs", "20", "--condition", "label", "--window", "100", "--memory", "0"}},
}

// victim is a training to be killed, and the run that nobody killed.
type victim struct {
	args  []string
	whole string        // directory
	took  time.Duration // of it
	said  string
	ended int // records in its history

	sittings int
	seldom   bool // half of them write their files as often as is usual, and not after every epoch
}

func (v *victim) command(t *testing.T, dir string) (*exec.Cmd, *strings.Builder) {
	t.Helper()
	cmd := self(t, append([]string{"train", "--resume", "--out", dir}, v.args...)...)
	v.sittings++
	cmd.Env = append(cmd.Env, fmt.Sprintf("GOMAXPROCS=%d", 1+v.sittings%3))
	if v.seldom && v.sittings%2 == 0 {
		cmd.Env = append(cmd.Env, "AEGPU_TEST_EVERY=usual")
	}
	errs := &strings.Builder{}
	cmd.Stderr = errs
	return cmd, errs
}

// TestKilledAtRandomInstants kills trainings until they have all been through a few deaths, alone and two at a time in
// one directory, and lets them end: that is the run that nobody killed, with no file beside its.
func TestKilledAtRandomInstants(t *testing.T) {
	c := chances(t, "AEGPU_KILLS", 20)
	csv := waves(t, "waves.csv", 300)
	all, ran := make([]victim, len(victims)), lives{}
	for i, one := range victims {
		v := &all[i]
		v.whole = filepath.Join(t.TempDir(), "whole")
		v.args = append([]string{csv, "--hidden", "8", "--latent", "4", "--batch", "20", "--device", "cpu", "-q"}, one.args...)
		cmd, errs := v.command(t, v.whole)
		start := time.Now()
		if err := cmd.Run(); err != nil {
			t.Fatalf("%s: %v: %s", one.name, err, errs)
		}
		v.took, v.said = time.Since(start), errs.String()
		v.ended = strings.Count(string(contents(t, v.whole, "metrics.jsonl")), "\n")
	}
	if n := all[9].ended; n >= 300 || n < 5 {
		t.Errorf("%s: it ended after %d epochs", victims[9].name, n)
	}
	for i := 0; c.more(); i = (i + 1) % len(all) {
		all[i].live(t, c, victims[i].name, ran)
	}
	for _, k := range []string{"killed alone", "killed, one of two", "refused: in use", "written now and then", "resumed to the same bits"} {
		if ran[k] == 0 {
			t.Errorf("%q never happened", k)
		}
	}
	t.Logf("%d kills in %v: %v", c.done, c.took(), ran)
}

// live is a training of many sittings, each of which is killed but the last.
func (v *victim) live(t *testing.T, c *chance, name string, ran lives) {
	t.Helper()
	top := t.TempDir()
	dir := filepath.Join(top, []string{"run", "a/b/run"}[c.IntN(2)])
	v.seldom = c.IntN(2) == 0
	var but []string
	for sittings, over := 1+c.IntN(6), false; sittings > 0 && !over; sittings-- {
		switch c.IntN(6) {
		case 0, 1:
			over = v.two(t, c, dir, ran)
		case 2: // politely
			over = v.sit(t, c, dir, syscall.SIGTERM, ran)
			but = []string{"previous.ckpt"} // holds the middle of an epoch
		default:
			over = v.sit(t, c, dir, syscall.SIGKILL, ran)
		}
	}
	if c.IntN(4) == 0 {
		v.race(t, dir, ran)
	} else {
		cmd, errs := v.command(t, dir)
		if err := cmd.Run(); err != nil || errs.String() != v.said {
			t.Fatalf("%s: the last sitting: %v: %s, want %q", name, err, errs, v.said)
		}
	}
	if v.seldom {
		but = []string{"previous.ckpt"} // is of another epoch
		ran["written now and then"]++
	}
	sameRun(t, name, v.whole, dir, but...)
	if n := entries(t, top); len(n) != 1 {
		t.Errorf("%s: beside the run there are %v", name, n)
	}
	ran["resumed to the same bits"]++
	if t.Failed() {
		t.FailNow()
	}
	os.RemoveAll(top)
}

// instant is one within the third of the time that the training takes: there are several sittings.
func (v *victim) instant(c *chance) time.Duration {
	return time.Duration(c.Float64() * float64(v.took) / 3)
}

// sit ends a sitting at a random instant, and reports whether the training was over before.
func (v *victim) sit(t *testing.T, c *chance, dir string, signal syscall.Signal, ran lives) bool {
	t.Helper()
	cmd, errs := v.command(t, dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(v.instant(c))
	cmd.Process.Signal(signal)
	cmd.Wait()
	switch code := cmd.ProcessState.ExitCode(); {
	case code == -1 && signal == syscall.SIGKILL:
		c.done++
		ran["killed alone"]++
		ran[v.phase(t, dir)]++
	case code == -1: // before the program took the signal
		ran["terminated before it began"]++
	case code == 143 && signal == syscall.SIGTERM:
		ran["terminated"]++
		if left := leftovers(t, dir); left != nil {
			t.Errorf("terminated, it left %v", left)
		}
	case code == 0:
		ran["over before the signal"]++
		return true
	default:
		t.Errorf("%v: exit %d: %s", signal, code, errs)
	}
	return false
}

// two has two trainings at a directory at once, kills them at instants of their own, and reports whether one ended.
func (v *victim) two(t *testing.T, c *chance, dir string, ran lives) (over bool) {
	t.Helper()
	done := make(chan *exec.Cmd, 2)
	for range 2 {
		cmd, _ := v.command(t, dir)
		after := v.instant(c)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		go func() {
			kill := time.AfterFunc(after, func() { cmd.Process.Kill() })
			cmd.Wait()
			kill.Stop()
			done <- cmd
		}()
	}
	for range 2 {
		cmd := <-done
		v.oneOfTwo(t, cmd, ran)
		over = over || cmd.ProcessState.ExitCode() == 0
		if cmd.ProcessState.ExitCode() == -1 {
			c.done++
			ran["killed, one of two"]++
		}
	}
	if !over {
		ran[v.phase(t, dir)]++
	}
	return over
}

// oneOfTwo demands that a training that was not killed ended as it should, or found the directory in use.
func (v *victim) oneOfTwo(t *testing.T, cmd *exec.Cmd, ran lives) {
	t.Helper()
	said := cmd.Stderr.(*strings.Builder).String()
	switch code := cmd.ProcessState.ExitCode(); {
	case code == -1:
	case code == 0 && said == v.said:
		ran["one of two ended"]++
	case code == 2 && strings.Contains(said, "is in use by another process") && strings.Count(said, "\n") == 1:
		ran["refused: in use"]++
	default:
		t.Errorf("one of two: exit %d: %s", code, said)
	}
}

// race starts two last sittings at once: both end well, one after the other, or one finds the directory in use.
func (v *victim) race(t *testing.T, dir string, ran lives) {
	t.Helper()
	var both [2]*exec.Cmd
	for i := range both {
		both[i], _ = v.command(t, dir)
		if err := both[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	well := 0
	for _, cmd := range both {
		cmd.Wait()
		v.oneOfTwo(t, cmd, ran)
		if cmd.ProcessState.ExitCode() == 0 {
			well++
		}
	}
	if well == 0 {
		t.Error("of two that started at once none ended well")
	}
	ran[fmt.Sprintf("two to the end, %d did it", well)]++
}

// phase is where the training stood when it was killed, as its directory tells.
func (v *victim) phase(t *testing.T, dir string) string {
	t.Helper()
	half := ""
	if slices.ContainsFunc(leftovers(t, dir), func(name string) bool { return strings.HasPrefix(name, ".tmp-") }) {
		half = ", a file half written"
	}
	at := filepath.Join(dir, "last.ckpt")
	switch {
	case exists(at):
	case exists(filepath.Join(dir, "previous.ckpt")):
		return "at: between two renames" + half
	case exists(filepath.Join(dir, "config.yaml")):
		return "at: the first epoch" + half
	default:
		return "at: the start" + half
	}
	var state struct {
		Stage   int
		History []struct{ Phase string }
	}
	_, text := parsed(t, at)
	if err := json.Unmarshal([]byte(text), &state); err != nil {
		t.Fatal(err)
	}
	switch n := len(state.History); n {
	case v.ended:
		return "at: the measuring and drawing" + half
	case 0:
		return "at: the first epoch" + half
	default:
		return "at: " + state.History[n-1].Phase + half
	}
}
