package fetch

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// errStalled ends a transfer of which nothing comes.
var errStalled = errors.New("nothing came for too long")

// run appends to the part what is missing of the file.
func (t *transfer) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(t.Stall, func() { cancel(errStalled) })
	defer watch.Stop()
	answer, err := t.ask(ctx)
	if err != nil {
		return plain(ctx, err)
	}
	defer answer.Body.Close()
	body := bufio.NewReader(answer.Body)
	if err := t.begin(answer, body); err != nil {
		return err
	}
	buf := make([]byte, 64<<10)
	for {
		n, err := body.Read(buf)
		watch.Reset(t.Stall)
		if n > 0 {
			t.sum.Write(buf[:n])
			if _, err := t.part.Write(buf[:n]); err != nil {
				return err
			}
			t.at += int64(n)
			t.Tell(t.file, t.at)
		}
		switch {
		case t.at > t.file.Size:
			return nil // which is damage
		case err != nil && t.at < t.file.Size:
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("cut off after %d of %d bytes: %w", t.at, t.file.Size, plain(ctx, err))
		case err != nil:
			return nil
		}
	}
}

// ask requests what is missing.
func (t *transfer) ask(ctx context.Context) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, t.url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "aegpu")
	request.Header.Set("Accept-Encoding", "identity") // the bytes as they lie there
	if t.at > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", t.at))
	}
	client := t.Client
	if client == nil {
		client = http.DefaultClient
	}
	return client.Do(request)
}

// begin looks at an answer: whether it holds the file, and from where on. One that holds all of it has the part start anew.
func (t *transfer) begin(answer *http.Response, body *bufio.Reader) error {
	switch {
	case answer.StatusCode == http.StatusPartialContent && t.at > 0:
		if want := fmt.Sprintf("bytes %d-", t.at); !strings.HasPrefix(answer.Header.Get("Content-Range"), want) {
			return fmt.Errorf("sends %q: expected %s", answer.Header.Get("Content-Range"), want)
		}
		return nil
	case answer.StatusCode != http.StatusOK:
		return errors.New(answer.Status)
	}
	if n := answer.ContentLength; n >= 0 && n != t.file.Size {
		return fmt.Errorf("sends %d bytes (%s): expected the file of %d", n, answer.Header.Get("Content-Type"), t.file.Size)
	}
	if magic, _ := body.Peek(2); len(magic) == 2 && string(magic) != "\x1f\x8b" {
		return fmt.Errorf("sends no gzip file (%s): does the network ask for a login?", answer.Header.Get("Content-Type"))
	}
	if t.at == 0 {
		return nil
	}
	t.sum.Reset()
	t.at = 0
	if err := t.part.Truncate(0); err != nil {
		return err
	}
	_, err := t.part.Seek(0, io.SeekStart)
	return err
}

// plain is why nothing comes, without the address, which whoever calls knows.
func plain(ctx context.Context, err error) error {
	var wrapped *url.Error
	switch {
	case errors.Is(context.Cause(ctx), errStalled):
		return errStalled
	case errors.As(err, &wrapped):
		return wrapped.Err
	}
	return err
}
