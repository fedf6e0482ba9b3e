package model

import (
	"testing"

	"github.com/aegpu/aegpu/backend/ref64"
)

// The head of rows that have no targets, and whose labels do not count, has none either.
func TestHeadOfResidentRows(t *testing.T) {
	dev := ref64.New()
	rows, _ := dev.Alloc(6, 2)
	labels, _ := dev.Alloc(6, 1)
	r := Resident{Rows: rows.Data(), Labels: labels.Data()}
	if h := r.Head(4); h.Rows.Rows != 4 || h.Labels.Rows != 4 || h.Targets.Rows != 0 {
		t.Errorf("%+v", h)
	}
	r.Labels.Rows = 0
	if h := r.Head(4); h.Labels.Rows != 0 {
		t.Errorf("labels that do not count: %d of them", h.Labels.Rows)
	}
}
