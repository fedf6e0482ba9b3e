package eval

import (
	"context"
	"fmt"
	"math"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/internal/joint"
)

// probe fits classifiers to the codes, and to PCA's where there is one.
func (b *summariser) probe() error {
	if !b.o.Probe {
		return nil
	}
	if b.train == nil || b.train.Labels == nil || b.test.Labels == nil {
		return fmt.Errorf("a probe needs labels on the training and the test part")
	}
	p := prober{ctx: b.ctx, dev: b.model.Device(), knn: b.o.KNN, ranks: b.ranks, classes: max(len(b.train.Classes), len(b.test.Classes))}
	encode := func(s *data.Set) ([]float32, error) {
		codes, err := b.model.Encode(b.ctx, s)
		if err != nil {
			return nil, err
		}
		return codes.F32, nil
	}
	linear, near, err := p.on(b.train, b.test, encode, b.model.Spec.Latent)
	if err != nil {
		return err
	}
	const linearNote, nearNote = "of a linear classifier on the codes", "of the nearest neighbours' majority"
	add(&b.Figures, "probe_accuracy", linear, linearNote)
	add(&b.Figures, "knn_accuracy", near, nearNote)
	if b.PCA == nil {
		return nil
	}
	encode = func(s *data.Set) ([]float32, error) {
		s, err := Prepared(b.model.Preparation(), s)
		if err != nil {
			return nil, err
		}
		return b.o.PCA.Encode(b.ctx, p.dev, SetRows(s))
	}
	if linear, near, err = p.on(b.train, b.test, encode, b.o.PCA.K()); err != nil {
		return err
	}
	add(&b.PCA.Figures, "probe_accuracy", linear, linearNote)
	add(&b.PCA.Figures, "knn_accuracy", near, nearNote)
	return nil
}

// prober measures how well codes tell the classes apart.
type prober struct {
	ctx     context.Context
	dev     backend.Device
	knn     int
	ranks   backend.Ranks // encode a part of the rows each; the first has the classifiers
	classes int
}

// on returns the accuracy of a linear classifier on codes of that width, and of
// nearest neighbours, NaN where they are not asked for.
func (p prober) on(train, test *data.Set, encode func(*data.Set) ([]float32, error), width int) (linear, neighbours float64, err error) {
	var parts [2]Labelled
	for i, s := range []*data.Set{train, test} {
		own := portionOf(p.ranks, s.Rows, evalBatch)
		codes, err := encode(own.of(s))
		all := codes
		if err == nil && own.rows() < s.Rows {
			all = make([]float32, s.Rows*width)
			copy(all[own.lo*width:own.hi*width], codes)
		}
		if err = own.gather(err, all, width); err != nil {
			return 0, 0, err
		}
		parts[i] = Labelled{X: all, Width: width, Labels: s.Labels}
	}
	both := []float64{0, 0}
	if joint.First(p.ranks) {
		both[0], both[1], err = p.fit(parts[0], parts[1])
	}
	err = joint.Sum(p.ranks, err, both)
	return both[0], both[1], err
}

// fit fits classifiers to codes.
func (p prober) fit(train, test Labelled) (linear, neighbours float64, err error) {
	if err := p.ctx.Err(); err != nil {
		return 0, 0, err
	}
	fit, err := LinearProbe(p.ctx, p.dev, train, test, p.classes, ProbeOptions{})
	if err != nil {
		return 0, 0, err
	}
	if p.knn == 0 {
		return fit.Accuracy, math.NaN(), nil
	}
	neighbours, err = KNN(p.ctx, p.dev, train, test, p.knn)
	return fit.Accuracy, neighbours, err
}
