package dist

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// What ranks send each other: a byte that says what it is, the length of what follows (4 bytes, little endian), and
// that.
const (
	kindHello   byte = iota + 1 // a hello, as JSON
	kindWelcome                 // rank 0's identity, as JSON
	kindRefuse                  // why not
	kindOther                   // another job's rank 0 listens here
	kindBeat                    // still here
	kindPart                    // an operation and what a rank gives
	kindAll                     // the same operation and what all gave, packed
	kindFailed                  // why the job cannot go on
)

const (
	maxMessage = 64 << 20
	maxHello   = 4 << 10
	maxReason  = 2 << 10
)

var errNoMessage = errors.New("no message of a rank")

// link is the connection to one other rank.
type link struct {
	rank int
	name string // "rank 2 (host, process 1234)"
	conn net.Conn

	w    sync.Mutex
	torn bool // half a message is out: no other can follow

	heard atomic.Bool // something came since the watch last looked
	quiet int         // how often it looked in vain
	left  atomic.Bool // that rank has asked for the end: it may go
	parts chan part
}

// part is what a rank, or all ranks, gave to an operation.
type part struct {
	op   byte
	data []byte
}

func newLink(conn net.Conn, rank int, who identity) *link {
	return &link{rank: rank, name: nameOf(rank, who), conn: conn, parts: make(chan part, 1)}
}

// send writes one message. A failed write may have sent half of it, so it is the last.
func (l *link) send(kind byte, data ...[]byte) error {
	l.w.Lock()
	defer l.w.Unlock()
	if l.torn {
		return net.ErrClosed
	}
	err := writeMessage(l.conn, kind, data...)
	l.torn = err != nil
	return err
}

// tell says why the job cannot go on. One that takes nothing is not waited for.
func (l *link) tell(reason string) {
	_ = l.conn.SetWriteDeadline(time.Now().Add(time.Second))
	_ = l.send(kindFailed, []byte(reason))
}

// Read notes that the rank was heard.
func (l *link) Read(p []byte) (int, error) {
	n, err := l.conn.Read(p)
	if n > 0 {
		l.heard.Store(true)
	}
	return n, err
}

// finish says that nothing more is sent, and gives the other a moment to say so too.
func (l *link) finish() {
	if t, ok := l.conn.(*net.TCPConn); ok {
		_ = t.CloseWrite()
	}
	_ = l.conn.SetReadDeadline(time.Now().Add(2 * time.Second))
}

func writeMessage(w io.Writer, kind byte, data ...[]byte) error {
	n := 0
	for _, d := range data {
		n += len(d)
	}
	if n > maxMessage {
		return fmt.Errorf("a message of %d bytes: at most %d", n, maxMessage)
	}
	message := binary.LittleEndian.AppendUint32([]byte{kind}, uint32(n))
	for _, d := range data {
		message = append(message, d...)
	}
	_, err := w.Write(message)
	return err
}

// readMessage reads one message of so many bytes at the most. Memory follows what comes, not what the header claims.
func readMessage(r io.Reader, most int) (kind byte, data []byte, err error) {
	var header [5]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return 0, nil, err
	}
	n := int64(binary.LittleEndian.Uint32(header[1:]))
	if n > int64(most) || header[0] < kindHello || header[0] > kindFailed {
		return 0, nil, errNoMessage
	}
	var b bytes.Buffer
	if _, err := io.CopyN(&b, r, n); err != nil {
		return 0, nil, err
	}
	return header[0], b.Bytes(), nil
}

// pack writes what all ranks gave one after the other, each with its length before it.
func pack(all [][]byte) []byte {
	var b []byte
	for _, v := range all {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(v)))
		b = append(b, v...)
	}
	return b
}

// unpack is the inverse of pack.
func unpack(b []byte, size int) ([][]byte, error) {
	all := make([][]byte, size)
	for r := range all {
		if len(b) < 4 {
			return nil, errNoMessage
		}
		n := int64(binary.LittleEndian.Uint32(b))
		if n > int64(len(b)-4) {
			return nil, errNoMessage
		}
		all[r], b = b[4:4+n:4+n], b[4+n:]
	}
	if len(b) != 0 {
		return nil, errNoMessage
	}
	return all, nil
}
