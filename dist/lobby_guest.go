package dist

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

var (
	errElsewhere = errors.New("another job listens there")
	errStranger  = errors.New("who listens there is no rank of aegpu")
)

// refusal is rank 0's: there is no use in trying again.
type refusal string

func (r refusal) Error() string { return "rank 0 refused: " + string(r) }

// visit tries the places where rank 0 may listen, again and again.
func (g *Group) visit(ctx context.Context, p place) error {
	last := errors.New("nothing was tried")
	for {
		for _, host := range p.hosts {
			for port := p.first; port < p.first+p.ports; port++ {
				l, err := g.knock(ctx, net.JoinHostPort(host, strconv.Itoa(port)), p.token)
				if err == nil {
					g.mu.Lock()
					g.links = []*link{l}
					g.mu.Unlock()
					g.take(l)
					return nil
				}
				if final := refusal(""); errors.As(err, &final) {
					return err
				}
				if ctx.Err() == nil && (port == p.first || errors.Is(err, errElsewhere)) {
					last = err // the others are mostly not open
				}
			}
		}
		select {
		case <-ctx.Done():
			if cause := context.Cause(ctx); !errors.Is(cause, errTime) {
				return cause
			}
			return fmt.Errorf("rank 0 was not found at %s, ports %d to %d, within %s: %w",
				p.hosts[0], p.first, p.first+p.ports-1, seconds(g.opts.Join), last)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// knock asks for admission at one address.
func (g *Group) knock(ctx context.Context, address, token string) (*link, error) {
	dialer := net.Dialer{Timeout: 2 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	l, err := g.ask(conn, token)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return l, nil
}

// ask says who this is and hears the answer. Who does not speak first as rank 0 does is told nothing.
func (g *Group) ask(conn net.Conn, token string) (*link, error) {
	_ = conn.SetDeadline(time.Now().Add(g.opts.patience / 3))
	first := make([]byte, len(spoken))
	if _, err := io.ReadFull(conn, first); err != nil {
		return nil, errStranger
	}
	if string(first) != spoken {
		if n := len(spoken) - 1; string(first[:n]) == spoken[:n] {
			return nil, refusal("it is another version of aegpu")
		}
		return nil, errStranger
	}
	mine, err := json.Marshal(hello{identity: self(), Job: token, Rank: g.job.Rank, Size: g.job.Size})
	if err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(g.opts.patience))
	if err := writeMessage(conn, kindHello, mine); err != nil {
		return nil, err
	}
	kind, data, err := readMessage(conn, maxHello)
	var who identity
	switch {
	case err != nil:
		return nil, err
	case kind == kindOther:
		return nil, errElsewhere
	case kind == kindRefuse:
		return nil, refusal(oneLine(string(data), maxReason))
	case kind != kindWelcome || json.Unmarshal(data, &who) != nil:
		return nil, errStranger
	}
	_ = conn.SetDeadline(time.Time{})
	who.Host = oneLine(who.Host, 255)
	return newLink(conn, 0, who), nil
}
