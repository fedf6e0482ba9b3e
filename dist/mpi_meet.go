//go:build mpi

package dist

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
)

// meeting is what rank 0 tells the others by MPI.
type meeting struct {
	Hosts []string `json:"hosts"`
	Port  int      `json:"port"`
	ID    string   `json:"id"`
	Err   string   `json:"error"`
}

// meetByMPI has MPI carry where rank 0 listens.
func (g *Group) meetByMPI(ctx context.Context) (func(context.Context) error, error) {
	if !g.job.MPI {
		return nil, errors.New("where rank 0 is was not said: set MASTER_ADDR")
	}
	w, err := MPI(g)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { w.fail(context.Cause(ctx)) })
	defer stop()
	var m meeting
	var listener net.Listener
	if g.job.Rank == 0 {
		if listener, err = m.open(ctx, g.job); err != nil {
			m.Err = err.Error()
		}
	}
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	letter := make([]byte, maxHello)
	copy(letter, text)
	if err := w.Broadcast(letter, 0); err != nil {
		if listener != nil {
			_ = listener.Close()
		}
		return nil, err
	}
	for len(letter) > 0 && letter[len(letter)-1] == 0 {
		letter = letter[:len(letter)-1]
	}
	if err := json.Unmarshal(letter, &m); err != nil || m.Err != "" {
		return nil, errors.Join(err, errors.New(m.Err))
	}
	g.job.ID = m.ID
	token := g.job.token()
	if g.job.Rank == 0 {
		return func(ctx context.Context) error { return g.host(ctx, listener, token) }, nil
	}
	where := place{hosts: m.Hosts, first: m.Port, ports: 1, token: token}
	return func(ctx context.Context) error { return g.visit(ctx, where) }, nil
}

// open listens on a port that the system chooses, and notes all addresses that may lead there.
func (m *meeting) open(ctx context.Context, job Job) (net.Listener, error) {
	m.ID = rand.Text()
	if job.LocalSize == job.Size {
		m.Hosts = []string{"127.0.0.1"}
	} else {
		all, err := net.InterfaceAddrs()
		if err != nil {
			return nil, fmt.Errorf("the addresses of rank 0: %w", err)
		}
		for _, a := range all {
			if ip, ok := a.(*net.IPNet); ok && ip.IP.IsGlobalUnicast() && len(m.Hosts) < 32 {
				m.Hosts = append(m.Hosts, ip.IP.String())
			}
		}
		if host, err := os.Hostname(); err == nil {
			m.Hosts = append(m.Hosts, host)
		}
	}
	l, err := place{hosts: m.Hosts, ports: 1}.listen(ctx)
	if err != nil {
		return nil, err
	}
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		m.Port = a.Port
	}
	return l, nil
}
