package data

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
)

// Preparation is what is done to raw rows before a model sees them and undone to what comes out of it: numbers are
// scaled column by column, x -> (x-Shift)/Scale in float64 and rounded once, and a category becomes one input for each
// of its levels. It is fitted once, to the rows that a model is trained on, and travels with the model.
//
// Its fields are plain so that a file can keep it; JSON gives every bit of them back. Check one that was read with
// Validate.
type Preparation struct {
	Scaling Scaling `json:"scaling"`        // what was done: none, minmax, standard or robust
	Unit    bool    `json:"unit,omitempty"` // prepared values are clamped to [0,1]
	Wide    bool    `json:"wide,omitempty"` // raw values are taken as float64, which float32 would blur; else as float32

	Images *Images `json:"images,omitempty"` // what is known of rows that are images

	Cols    int       `json:"cols"`              // raw columns
	Columns []Column  `json:"columns,omitempty"` // their names and kinds; nil where they are real numbers without names
	Shift   []float64 `json:"shift,omitempty"`   // one a raw column; nil where nothing is scaled
	Scale   []float64 `json:"scale,omitempty"`   // above 0

	Robust   []bool  `json:"robust,omitempty"`   // raw columns that are scaled by their quartiles, and bent; nil for none
	Constant []bool  `json:"constant,omitempty"` // raw columns that had one value, Shift, and are turned back to it, see FitColumns; nil for none
	Counts   []bool  `json:"counts,omitempty"`   // raw columns whose numbers are to be counts, see FitColumns; nil for none
	Log      bool    `json:"log,omitempty"`      // these are seen as ln(1+x), which is then scaled
	Total    float64 `json:"total,omitempty"`    // of a usual row: they are divided by their row's over this before; 0 where they are not

	Missing Missing   `json:"missing,omitempty"` // what missing cells become
	Fill    []float64 `json:"fill,omitempty"`    // what they take, one a raw column; nil where they are refused
	Blank   []float64 `json:"blank,omitempty"`   // under MissingMask, what they are prepared as, of a category 0 for each level; nil where they stay NaN

	Deviation []float64 `json:"deviation,omitempty"` // one a raw column, see Deviations; nil where Scale says it, or it is not known
	HasIDs    bool      `json:"ids,omitempty"`       // the table named its rows
	IDName    string    `json:"id_name,omitempty"`   // the column that did
	LabelName string    `json:"label,omitempty"`     // the column of its labels

	keepsGaps   bool // missing cells are neither refused nor filled
	opensLevels bool // levels that are none of a category's become more of them

	rows *Preparation // of a preparation of codes, that of the rows; nil of another
}

// PreparationOptions are what a preparation is to be. The zero value leaves the choice to the data.
type PreparationOptions struct {
	// Scaling of the real and count columns. ScaleAuto leaves values within [0,1] as they are; others it scales by
	// ScaleMinMax where Unit is set and else by ScaleStandard, but columns with heavy tails as ScaleRobust does.
	Scaling Scaling
	// Unit says that the model's likelihood takes values within [0,1] only, as Bernoulli's does. Prepared values are
	// then clamped to that: rows that were not fitted to may lie outside.
	Unit bool
	// Missing says what missing cells become.
	Missing Missing
}

// FitPreparation fits a preparation to a set, usually the training part. A constant column is only shifted. A set that
// is inconsistent, without rows or with a missing cell, and a scaling that leaves values outside [0,1] under Unit, are
// an [*Error].
func FitPreparation(s *Set, o PreparationOptions) (*Preparation, error) {
	if err := s.checkToFit(); err != nil {
		return nil, err
	}
	s, fill, err := s.withoutGaps(o.Missing)
	if err != nil {
		return nil, err
	}
	wide := s.blurred()
	if s.IsFloat64() && !wide {
		s = s.narrowed()
	}
	scaling, err := o.settle(s)
	if err != nil {
		return nil, err
	}
	p := s.unfitted(scaling, wide)
	p.Unit, p.Missing, p.Fill = o.Unit, o.Missing.kept(), fill
	ranges := sync.OnceValue(func() columnRange { return columnRanges(s) })
	if scaling != ScaleNone {
		p.fit(s, ranges())
	}
	if always := scaling == ScaleRobust; always || o.Scaling == ScaleAuto && scaling == ScaleStandard {
		p.fitRobust(s, always)
	}
	p.fitImages(s, o.Scaling, ranges)
	p.fitDeviation(s, ranges)
	return p, nil
}

// checkToFit says what keeps a set from being one to fit a preparation to.
func (s *Set) checkToFit() error {
	if err := s.Validate(); err != nil {
		return err
	}
	if s.Rows == 0 || s.Cols == 0 {
		return wrong(s.Name, "%d rows of %d numbers to fit a preparation to: expected one or more of each", s.Rows, s.Cols)
	}
	return nil
}

// unfitted is a preparation for rows like those of the set, of which nothing is known but what they are called.
func (s *Set) unfitted(scaling Scaling, wide bool) *Preparation {
	p := &Preparation{Scaling: scaling, Wide: wide, Cols: s.Cols, HasIDs: s.IDs != nil, IDName: s.IDName, LabelName: s.LabelName}
	if haveNames(s.Columns) || !allReal(s.Columns) {
		p.Columns = slices.Clone(s.Columns)
	}
	return p
}

// ErrNotUnit is the cause of FitPreparation's error where a scaling leaves values outside [0,1] under Unit.
var ErrNotUnit = errors.New("prepared values outside [0, 1]")

// settle decides on a scaling for s.
func (o PreparationOptions) settle(s *Set) (Scaling, error) {
	if err := o.Scaling.check(s); err != nil {
		return 0, err
	}
	lo, hi := s.scaledRange()
	inUnit := lo >= 0 && hi <= 1
	scaling := o.Scaling
	if scaling == ScaleAuto {
		switch {
		case inUnit:
			scaling = ScaleNone
		case o.Unit, s.bytesAsNumbers():
			scaling = ScaleMinMax
		default:
			scaling = ScaleStandard
		}
	}
	switch {
	case o.Unit && scaling == ScaleNone && !inUnit:
		e := wrong(s.Name, "the bernoulli likelihood needs data within [0, 1], scaling none leaves it within [%g, %g]: "+
			"expected scaling minmax, or the likelihood squared", lo, hi)
		e.Err = ErrNotUnit
		return 0, e
	case o.Unit && scaling.centred():
		e := wrong(s.Name, "the bernoulli likelihood needs data within [0, 1], scaling %s puts it around 0: "+
			"expected scaling minmax, or the likelihood squared", scaling)
		e.Err = ErrNotUnit
		return 0, e
	}
	return scaling, nil
}

// scaledRange is Range over the columns that a scaling changes.
func (s *Set) scaledRange() (lo, hi float32) {
	if allReal(s.Columns) {
		if s.IsBytes() {
			return 0, 1
		}
		return s.Range()
	}
	var order []int
	for j, c := range s.Columns {
		if c.Kind.scaled() {
			order = append(order, j)
		}
	}
	var r spanning
	s.walk(func(_ int, block *Set) []func() { return []func(){func() { r.see(block.reordered(order)) }} })
	return r.span()[0], r.span()[1]
}

// scaled says whether a scaling changes columns of this kind.
func (k Kind) scaled() bool { return k == Real || k == Count || k == Date }

// fit fills Shift and Scale.
func (p *Preparation) fit(s *Set, r columnRange) {
	from := r.mean
	if p.Scaling == ScaleMinMax {
		from = r.lo
	}
	p.Shift, p.Scale = slices.Clone(from), make([]float64, s.Cols)
	for j := range p.Scale {
		// lo < hi and not a deviation above 0 tells a constant column.
		if p.Scale[j] = r.hi[j] - r.lo[j]; r.lo[j] == r.hi[j] {
			p.Scale[j] = 1
		}
	}
	if p.Scaling.centred() && !s.pictures() { // which have one scale
		p.Scale = columnDeviations(s, r.mean, p.Scale)
	}
	p.leaveUnscaled()
}

// leaveUnscaled undoes the scaling of columns of kinds that have none.
func (p *Preparation) leaveUnscaled() {
	for j, c := range p.Columns {
		if !c.Kind.scaled() {
			p.Shift[j], p.Scale[j] = 0, 1
		}
	}
}

// IdentityPreparation returns the preparation that leaves rows of the given width as they are.
func IdentityPreparation(width int) *Preparation {
	return &Preparation{Scaling: ScaleNone, Cols: width}
}

// PreparationOf returns the preparation with the numbers of a file that kept a shift and a scale for each column and
// nothing else. Whether they were fitted as minmax or standard is not known; it says minmax.
func PreparationOf(shift, scale []float32) *Preparation {
	p := &Preparation{Scaling: ScaleMinMax, Cols: len(shift), Shift: make([]float64, len(shift)), Scale: make([]float64, len(scale))}
	for j, v := range shift {
		p.Shift[j] = float64(v)
	}
	for j, v := range scale {
		p.Scale[j] = float64(v)
	}
	return p
}

// Names returns the names of the raw columns, nil where they have none.
func (p *Preparation) Names() []string {
	if !haveNames(p.Columns) {
		return nil
	}
	return namesOf(p.Columns)
}

// Width returns the number of raw columns.
func (p *Preparation) Width() int { return p.Cols }

// Inputs returns how many values a model sees of a row: one a column, and of a category one a level.
func (p *Preparation) Inputs() int {
	n := p.Cols
	for _, c := range p.Columns {
		if c.Kind == Category {
			n += len(c.Levels) - 1
		}
	}
	return n
}

// InputsOf returns how many of these are of raw column j.
func (p *Preparation) InputsOf(j int) int {
	if p.Columns != nil && p.Columns[j].Kind == Category {
		return len(p.Columns[j].Levels)
	}
	return 1
}

// Identity says whether prepared rows are the raw ones, up to the clamp of Unit and rounding to float32.
func (p *Preparation) Identity() bool { return p.Shift == nil && p.Blank == nil && allReal(p.Columns) }

// Validate says what is wrong with a preparation that was read from a file, as an [*Error]; nil where nothing is.
func (p *Preparation) Validate() error {
	const name = "preparation"
	switch {
	case p.Scaling == ScaleAuto || int(p.Scaling) >= len(scalingNames):
		return wrong(name, "scaling %s: expected none, minmax, standard or robust", p.Scaling)
	case p.Unit && p.Scaling.centred():
		return wrong(name, "scaling %s with values within [0, 1]: expected none or minmax", p.Scaling)
	case p.Cols < 1:
		return wrong(name, "%d columns: expected one or more", p.Cols)
	case p.Columns != nil && len(p.Columns) != p.Cols:
		return wrong(name, "%d descriptions of columns: expected %d", len(p.Columns), p.Cols)
	case p.Scaling == ScaleNone && (p.Shift != nil || p.Scale != nil):
		return wrong(name, "scaling none with numbers: expected neither shift nor scale")
	case p.Scaling != ScaleNone && (len(p.Shift) != p.Cols || len(p.Scale) != p.Cols):
		return wrong(name, "%d shifts and %d scales: expected %d of each", len(p.Shift), len(p.Scale), p.Cols)
	}
	if err := p.checkFill(name); err != nil {
		return err
	}
	if p.Images != nil {
		if msg := p.Images.check(p.Cols); msg != "" {
			return wrong(name, "%s", msg)
		}
	}
	for j, c := range p.Columns {
		if err := c.check(name, j); err != nil {
			return err
		}
	}
	for j, v := range p.Scale {
		e := &Error{Path: name, Column: j + 1, Field: p.column(j).Name}
		switch kind := p.column(j).Kind; {
		case !(v > 0) || math.IsInf(v, 0) || p.Shift[j]-p.Shift[j] != 0:
			e.Msg = "expected a finite shift and a finite scale above 0"
			return e
		case !kind.scaled() && (v != 1 || p.Shift[j] != 0):
			e.Msg = fmt.Sprintf("shift %g and scale %g: expected 0 and 1 for a column of kind %s", p.Shift[j], v, kind)
			return e
		}
	}
	if err := p.checkMade(name); err != nil {
		return err
	}
	return p.checkDeviation(name)
}

// column describes raw column j.
func (p *Preparation) column(j int) Column {
	if p.Columns == nil {
		return Column{}
	}
	return p.Columns[j]
}
