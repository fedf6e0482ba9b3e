package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/aegpu/aegpu"
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/dist"
	"github.com/aegpu/aegpu/internal/joint"
	"github.com/aegpu/aegpu/settings"
	"github.com/aegpu/aegpu/train"
	"github.com/urfave/cli/v2"
)

// rankTimes are how long ranks may take; 0 leaves it to the job.
var rankTimes dist.Options

// join makes the process one of the ranks of the job that it was started in, where there is one. From then on the command
// ends when a rank is lost. Ranks but the first say nothing that the first says too.
func (s *streams) join(ctx context.Context) error {
	if _, err := dist.Find(os.Getenv); err != nil {
		return wrong("%w", err)
	}
	group, err := aegpu.JoinWith(ctx, rankTimes)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil || group == nil {
		return err
	}
	s.group, s.ranks = group, group
	if !s.firstRank() {
		s.progress.quiet.Store(true)
		s.mute = true
	}
	s.joined.Store(group)
	go func() {
		<-group.Failed()
		s.lost <- group.Err()
	}()
	return nil
}

// firstRank reports whether the process writes and speaks: it is the first rank, or alone.
func (s *streams) firstRank() bool { return s.group.Rank() == 0 }

// agree has all ranks fail where one does.
func (s *streams) agree(err error) error {
	if s.ranks == nil {
		return err
	}
	return train.Agree(s.ranks, err)
}

// jointly runs a command over the rows of a file, whose work the ranks of the job share. Of those that cannot go on the
// first is told of.
func (s *streams) jointly(c *cli.Context, do func(c *cli.Context, s *streams) error) error {
	if err := s.join(c.Context); err != nil {
		return err
	}
	err := error(nil)
	if s.ranks != nil && slices.Contains(c.Args().Slice(), data.StandardInput) {
		err = wrong("ranks cannot share standard input: expected a file that all of them reach")
	}
	if err := s.agree(err); err != nil {
		return err
	}
	return s.agree(do(c, s))
}

// sharing are the commands whose work the ranks of a job share; of others the first rank does all.
var sharing = []string{"train", "evaluate", "encode", "reconstruct", "score", "predict", "pca"}

// onFirstRank ends a process that was started as one of several ranks, but for the first, where they do not share the
// command's work. Variables of torchrun's are not looked at: those of a PyTorchJob are of all that runs in its pods.
func onFirstRank(command string) error {
	job, err := dist.Find(os.Getenv)
	if err != nil || job.Rank == 0 || job.Launcher == "torchrun" || slices.Contains(sharing, command) {
		return nil
	}
	return &rankExit{0}
}

// firstSize is the first rank's size, on all.
func (s *streams) firstSize(size int, err error) (int, error) {
	v := []float64{0}
	if s.firstRank() {
		v[0] = float64(size)
	}
	err = joint.Sum(s.ranks, err, v)
	return int(v[0]), err
}

// orLost is why the ranks cannot go on, where an error only comes of that.
func (s *streams) orLost(err error) error {
	if lost := s.group.Err(); err != nil && lost != nil {
		return lost
	}
	return err
}

// leaveRanks ends the process's part of a job when all are done, or tells the others of an error. Then the group is still to be
// closed: that takes time, in which who started the ranks may end this one before it has said why.
func (s *streams) leaveRanks(err error) error {
	group := s.joined.Load()
	if known := (*train.RankError)(nil); err != nil && !train.Interrupted(err) && !errors.As(err, &known) {
		group.Abort(err)
	}
	if err != nil {
		return err
	}
	return group.Close()
}

// saidByFirst reports whether an error is one that the first rank has too, and tells, as it does of what went wrong on another.
func (s *streams) saidByFirst(err error) bool {
	if s.joined.Load().Rank() == 0 {
		return false
	}
	diverged, rank := (*train.DivergedError)(nil), (*train.RankError)(nil)
	return train.Interrupted(err) || errors.As(err, &diverged) || errors.As(err, &rank)
}

// shareRequest gives the first rank's settings to the others.
func (s *streams) shareRequest(o *trainOptions, err error) error {
	if s.ranks == nil {
		return err
	}
	if err == nil && s.firstRank() && o.config.Data == "-" {
		err = wrong("ranks cannot share standard input: expected a file that all of them reach")
	}
	if err := s.agree(err); err != nil {
		return err
	}
	var text bytes.Buffer
	if s.firstRank() {
		err = o.config.Write(&text)
	}
	if err := s.agree(err); err != nil {
		return err
	}
	all, err := s.ranks.Exchange(text.Bytes())
	if err != nil || s.firstRank() {
		return err
	}
	*o = trainOptions{quiet: true, isSet: func(string) bool { return false }}
	if o.config, err = settings.ReadConfig(bytes.NewReader(all[0])); err == nil {
		o.config.DataFingerprint = "" // the first rank has looked at it, and all have the same data
	}
	return err
}

// launch starts a rank for each GPU of a list, unless the process is a rank itself; done says that it did.
func (s *streams) launch(c *cli.Context, device string) (done bool, err error) {
	gpus, is, err := aegpu.GPUs(device)
	if err != nil || !is {
		return false, err
	}
	job, err := dist.Find(os.Getenv)
	if err != nil || job.Size > 1 {
		return false, err
	}
	path, err := os.Executable()
	if err != nil {
		return false, err
	}
	args := os.Args[1:]
	code, err := dist.Launch(c.Context, len(gpus), dist.LaunchOptions{Path: path, Args: args, Env: os.Environ(), Stdout: s.out, Stderr: s.err, Signal: signalOf})
	if err == nil && code != 0 {
		err = &rankExit{code}
	}
	return true, err
}

// signalOf is the signal that ended a context.
func signalOf(cause error) os.Signal {
	if s := (signalError{}); errors.As(cause, &s) {
		return s.signal
	}
	return os.Interrupt
}

// rankExit is the exit code of a rank that was started here and has said why itself.
type rankExit struct{ code int }

func (e *rankExit) Error() string { return "a rank failed" }

// shareOf is which of the ranks this is.
func shareOf(ranks backend.Ranks) backend.Share {
	if ranks == nil {
		return backend.Share{}
	}
	return backend.Share{Rank: ranks.Rank(), Size: ranks.Size()}
}

// ranksText says of how many ranks the process is one, "" where it is alone.
func (s *streams) ranksText() string {
	if s.ranks == nil {
		return ""
	}
	return fmt.Sprintf(", rank %d of %d", s.ranks.Rank(), s.ranks.Size())
}
