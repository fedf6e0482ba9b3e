package dist

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// identity is who a rank is: of which machine, which process there.
type identity struct {
	Host    string `json:"host"`
	Process int    `json:"process"`
}

// hello is what a rank says to rank 0 first.
type hello struct {
	identity
	Job  string `json:"job"` // see Job.token
	Rank int    `json:"rank"`
	Size int    `json:"size"`
}

// spoken starts a connection, from rank 0. The last byte is the version of all that follows.
const spoken = "aegpu ranks\x01"

func self() identity {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return identity{oneLine(host, 255), os.Getpid()}
}

func nameOf(rank int, who identity) string {
	return fmt.Sprintf("rank %d (%s, process %d)", rank, who.Host, who.Process)
}

// token is the same for the ranks of a job, and tells it from others. It is no secret.
func (j Job) token() string {
	sum := sha256.Sum256([]byte(j.Launcher + "\n" + j.ID))
	return hex.EncodeToString(sum[:])
}

func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'g', 6, 64) + " s"
}

// Join connects the ranks of a job, and returns when all are there. It returns nil for a job of one rank. What is
// missing after Options.Join is an error that names it. The group is to be closed, and has closed itself where there is
// an error.
func Join(ctx context.Context, job Job, o Options) (*Group, error) {
	if job.Size <= 1 {
		return nil, nil
	}
	if job.Rank < 0 || job.Rank >= job.Size {
		return nil, fmt.Errorf("rank %d: expected one below the number of ranks, %d", job.Rank, job.Size)
	}
	g := newGroup(job, o)
	if err := g.join(ctx); err != nil {
		g.closing.Do(g.hangUp)
		return nil, err
	}
	return g, nil
}

func (g *Group) join(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, g.opts.Join, errTime)
	defer cancel()
	connect, err := g.meet(ctx)
	if err != nil {
		return err
	}
	g.work.Go(g.watch)
	if err := connect(ctx); err != nil {
		g.fail(nil, err.Error())
		return err
	}
	stop := context.AfterFunc(ctx, func() {
		if cause := context.Cause(ctx); !errors.Is(cause, errTime) { // rank 0 says who is missing
			g.Abort(cause)
		}
	})
	defer stop()
	return g.introduce()
}

var errTime = errors.New("time is over")

// meet finds out where rank 0 listens, or starts to listen.
func (g *Group) meet(ctx context.Context) (connect func(context.Context) error, err error) {
	if g.job.Addr == "" {
		return g.meetByMPI(ctx)
	}
	place := place{hosts: []string{g.job.Addr}, first: g.job.Port + 1, ports: ports, token: g.job.token()}
	if g.job.Rank != 0 {
		return func(ctx context.Context) error { return g.visit(ctx, place) }, nil
	}
	l, err := place.listen(ctx)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error { return g.host(ctx, l, place.token) }, nil
}

// introduce is the first exchange. It tells everyone who is where, and so those that were not told their place among
// the ranks of their machine.
func (g *Group) introduce() error {
	mine, err := json.Marshal(self())
	if err != nil {
		return err
	}
	all, err := g.gather(opExchange, mine)
	if err != nil {
		return err
	}
	local, size := 0, 0
	for r, text := range all {
		var who identity
		if err := json.Unmarshal(text, &who); err != nil {
			g.fail(nil, fmt.Sprintf("rank %d sent %v", r, errNoMessage))
			return g.Err()
		}
		if who.Host != self().Host {
			continue
		}
		if size++; r < g.job.Rank {
			local++
		}
	}
	if g.job.LocalSize == 0 {
		g.job.Local, g.job.LocalSize = local, size
	}
	return nil
}
