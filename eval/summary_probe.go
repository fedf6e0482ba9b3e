package eval

import (
	"context"
	"fmt"
	"math"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
)

// probe fits classifiers to the codes, and to PCA's where there is one.
func (b *summariser) probe() error {
	if !b.o.Probe {
		return nil
	}
	if b.train == nil || b.train.Labels == nil || b.test.Labels == nil {
		return fmt.Errorf("a probe needs labels on the training and the test part")
	}
	p := prober{ctx: b.ctx, dev: b.model.Device(), knn: b.o.KNN, classes: max(len(b.train.Classes), len(b.test.Classes))}
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
	classes int
}

// on returns the accuracy of a linear classifier on codes of that width, and of
// nearest neighbours, NaN where they are not asked for.
func (p prober) on(train, test *data.Set, encode func(*data.Set) ([]float32, error), width int) (linear, neighbours float64, err error) {
	var parts [2]Labelled
	for i, s := range []*data.Set{train, test} {
		codes, err := encode(s)
		if err != nil {
			return 0, 0, err
		}
		parts[i] = Labelled{X: codes, Width: width, Labels: s.Labels}
	}
	if err := p.ctx.Err(); err != nil {
		return 0, 0, err
	}
	fit, err := LinearProbe(p.ctx, p.dev, parts[0], parts[1], p.classes, ProbeOptions{})
	if err != nil {
		return 0, 0, err
	}
	if p.knn == 0 {
		return fit.Accuracy, math.NaN(), nil
	}
	neighbours, err = KNN(p.ctx, p.dev, parts[0], parts[1], p.knn)
	return fit.Accuracy, neighbours, err
}
