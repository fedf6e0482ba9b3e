package eval

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
)

// TestTheContextEndsEverything holds what takes long to its context.
func TestTheContextEndsEverything(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dev, l, rows := ref64.New(), blobs(60, 3, 2, 1), Dense(normals(60, 5), 5)
	pca, err := FitPCA(t.Context(), dev, rows, 2)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func() error{
		"mixture":     func() error { _, err := FitMixture(ctx, normals(60, 5), 5, 2, 1); return err },
		"probe":       func() error { _, err := LinearProbe(ctx, dev, l, l, 2, ProbeOptions{}); return err },
		"neighbours":  func() error { _, err := KNN(ctx, dev, l, l, 1); return err },
		"pca":         func() error { _, err := FitPCA(ctx, dev, rows, 2); return err },
		"pca's codes": func() error { _, err := pca.Encode(ctx, dev, rows); return err },
		"pca's error": func() error { _, err := pca.SSE(ctx, dev, rows); return err },
	} {
		if err := f(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAwaitLeavesWhatCannotBeStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	defer close(release)
	time.AfterFunc(10*time.Millisecond, cancel)
	if err := await(ctx, func() error { <-release; return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	own := errors.New("own")
	if err := await(t.Context(), func() error { return own }); !errors.Is(err, own) {
		t.Error(err)
	}
}

func TestMemoryIsAskedFor(t *testing.T) {
	if got := pcaBytes(1<<20, 1<<19, false); got < 1<<44 {
		t.Errorf("%g bytes", got)
	}
	if _, err := nearest(t.Context(), ref64.New(), blobs(60, 3, 2, 1), Labelled{Width: 3, Labels: make([]int32, 1<<20)}, 1<<40); !errors.Is(err, backend.ErrOutOfMemory) {
		t.Error(err)
	}
}
