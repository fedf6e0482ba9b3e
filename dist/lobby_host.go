package dist

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ports that rank 0 tries, from the one after MASTER_PORT, which others may use themselves.
const ports = 16

// place is where rank 0 listens, or may.
type place struct {
	hosts []string
	first int // port
	ports int
	token string
}

// listen takes the first port that is free. Where the address is loopback nobody else's machine can reach it.
func (p place) listen(ctx context.Context) (net.Listener, error) {
	host := ""
	if loopback(p.hosts[0]) {
		host = p.hosts[0]
	}
	var first error
	for port := p.first; port < p.first+p.ports; port++ {
		var config net.ListenConfig
		l, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err == nil {
			return l, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, fmt.Errorf("rank 0 cannot listen on ports %d to %d: %w", p.first, p.first+p.ports-1, first)
}

// lobby is where rank 0 receives the others.
type lobby struct {
	*Group
	token   string
	came    chan struct{} // a rank was admitted
	refused []string      // who was not; under the group's mutex
}

// host admits ranks until all are there.
func (g *Group) host(ctx context.Context, listener net.Listener, token string) error {
	g.mu.Lock()
	g.links = make([]*link, g.job.Size)
	g.mu.Unlock()
	b := &lobby{Group: g, token: token, came: make(chan struct{}, g.job.Size)}
	var doors sync.WaitGroup
	inside, shut := context.WithCancel(ctx)
	doors.Go(func() { b.open(inside, listener) })
	defer doors.Wait()
	defer shut()
	defer func() { _ = listener.Close() }()
	for left := g.job.Size - 1; left > 0; left-- {
		select {
		case <-b.came:
		case <-g.failed:
			return g.Err()
		case <-ctx.Done():
			return b.missing(context.Cause(ctx))
		}
	}
	return nil
}

// missing says who did not come.
func (b *lobby) missing(cause error) error {
	if !errors.Is(cause, errTime) {
		return fmt.Errorf("%s: %w", nameOf(0, self()), cause)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var absent []string
	for r, l := range b.links {
		if r > 0 && l == nil {
			absent = append(absent, strconv.Itoa(r))
		}
	}
	if len(absent) == 0 {
		return nil // the last came just now
	}
	text := "rank " + absent[0]
	if n := len(absent) - 1; n > 0 {
		if n > 8 {
			absent = append(absent[:8], fmt.Sprintf("%d others", n-7))
			n = 8
		}
		text = "ranks " + strings.Join(absent[:n], ", ") + " and " + absent[n]
	}
	text = fmt.Sprintf("%s of %d did not come within %s", text, b.job.Size, seconds(b.opts.Join))
	if len(b.refused) > 0 {
		text += "; refused: " + strings.Join(b.refused, ", ")
	}
	return errors.New(text)
}

// open takes connections until the listener is closed.
func (b *lobby) open(ctx context.Context, listener net.Listener) {
	var guests sync.WaitGroup
	defer guests.Wait()
	for {
		conn, err := listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
				return
			}
			select { // no descriptor is free, or so
			case <-ctx.Done():
				return
			case <-time.After(50 * time.Millisecond):
			}
			continue
		}
		guests.Go(func() {
			if !b.receive(ctx, conn) {
				_ = conn.Close()
			}
		})
	}
}

// receive hears who comes, and admits or refuses it.
func (b *lobby) receive(ctx context.Context, conn net.Conn) (admitted bool) {
	_ = conn.SetDeadline(time.Now().Add(b.opts.patience))
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, spoken); err != nil {
		return false
	}
	kind, data, err := readMessage(conn, maxHello)
	var h hello
	if !stop() || err != nil || kind != kindHello || json.Unmarshal(data, &h) != nil {
		return false // a stranger, or too late
	}
	h.Host = oneLine(h.Host, 255)
	if h.Job != b.token {
		_ = writeMessage(conn, kindOther)
		return false
	}
	if why := b.admit(conn, h); why != "" {
		_ = writeMessage(conn, kindRefuse, []byte(why))
		return false
	}
	b.came <- struct{}{}
	return true
}

// admit gives a rank its link, or says why not.
func (b *lobby) admit(conn net.Conn, h hello) (why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case h.Size != b.job.Size:
		why = fmt.Sprintf("this is a job of %d ranks, not %d", b.job.Size, h.Size)
	case h.Rank < 1 || h.Rank >= b.job.Size:
		why = fmt.Sprintf("rank %d is not one that can join", h.Rank)
	case b.links[h.Rank] != nil:
		why = b.links[h.Rank].name + " is there already"
	case b.err != nil:
		return b.err.Error()
	}
	if why != "" {
		note := fmt.Sprintf("%s of %d", nameOf(h.Rank, h.identity), h.Size)
		if len(b.refused) < 8 && !slices.Contains(b.refused, note) {
			b.refused = append(b.refused, note)
		}
		return why
	}
	l := newLink(conn, h.Rank, h.identity)
	who, err := json.Marshal(self())
	if err != nil || l.send(kindWelcome, who) != nil {
		return "gone"
	}
	_ = conn.SetDeadline(time.Time{})
	b.links[h.Rank] = l
	b.take(l)
	return ""
}

// take starts to listen to a link.
func (g *Group) take(l *link) {
	g.work.Go(func() { g.listen(l) })
	g.work.Go(func() { g.beat(l) })
}
