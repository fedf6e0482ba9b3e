package backend

import (
	"fmt"
	"math"
)

// ColumnKind is the likelihood of a column, or of a group of columns. o is the
// network's output, x the target, s the column's learned spread, [SpreadRate] times what
// the tensor Spread holds; losses are minus log-likelihoods, in nats. The mean of a count is m = Size * rate(o), where rate(o)
// is e^o up to o = LinearLogRate and goes on as its tangent, so that a step too far
// costs what it is off by and no more: beyond three million e^o would leave
// float32 within some steps. ln m is ln Size + ln rate(o).
type ColumnKind uint8

// The kinds. GaussianColumn, NegativeBinomialColumn and ZeroInflatedColumn have a
// spread, the last one also a zero logit (SpreadRate times row 1 of Spread).
const (
	GaussianColumn         ColumnKind = iota // ((x-o)^2 / v + ln v + ln 2 pi) / 2, v = e^s + MinVariance
	BernoulliColumn                          // softplus(o) - o x
	SoftmaxColumns                           // a group: N logsumexp(o) - sum x o + sum ln x! - ln N!, N = sum x: a category's one-hot inputs, or counts of a multinomial
	PoissonColumn                            // m - x ln m + ln x!
	NegativeBinomialColumn                   // lnG(r) - lnG(x+r) + ln x! + (x+r) ln(1 + m/r) + x ln r - x ln m, r = e^s + MinDispersion, of variance m + m^2/r
	ZeroInflatedColumn                       // x = 0: -ln(p + (1-p) e^-L), otherwise L - ln(1-p), L that of NegativeBinomialColumn, p the logistic of the zero logit
)

var columnNames = []string{"gaussian", "bernoulli", "softmax", "poisson", "negative-binomial", "zero-inflated"}

// String returns the kind's name.
func (k ColumnKind) String() string { return named("column", columnNames, int(k)) }

// Spreads is how many learned parameters a column of the kind has.
func (k ColumnKind) Spreads() int {
	switch k {
	case GaussianColumn, NegativeBinomialColumn:
		return 1
	case ZeroInflatedColumn:
		return 2
	}
	return 0
}

// Floors of what is learned for a column as the exponential of its spread, which keep
// the loss finite and its gradient by the spread alive; and where the rate of
// counts turns linear.
const (
	MinVariance   = 1e-4 // of standardised values: a deviation of .01
	MinDispersion = 1e-4 // of the inverse dispersion
	LinearLogRate = 15
)

// SpreadRate is how many times what the tensor Spread holds a spread and a zero logit
// are. Rules such as Adam move every parameter by about the learning rate a step, and the
// logarithm of a variance has further to go than a weight: as it is it would hardly have
// left 0 by the end of a usual training.
const SpreadRate = 10

// Sized reports whether the mean of a column of the kind is Size times a rate: whether
// it holds counts, each by itself.
func (k ColumnKind) Sized() bool {
	switch k {
	case PoissonColumn, NegativeBinomialColumn, ZeroInflatedColumn:
		return true
	}
	return false
}

// LossColumns are columns From to To, of one kind. Softmax columns are one group.
type LossColumns struct {
	Kind     ColumnKind
	From, To int
}

// ColumnLoss is the negative log-likelihood of a table whose columns have
// likelihoods of their own: Rows[r] is the sum of the losses of row r of Out against
// row r/K of Target, K = Out.Rows / Target.Rows, and Each those of the elements (of
// a group at its first column, 0 at the others). A NaN in Target is a missing cell,
// without loss and gradient; a group misses if any of its cells does. DOut is Scale
// * the gradient by Out, DSpread that by what Spread holds (SpreadRate times that by s), of Rows summed over all rows in a
// fixed order, each row times its weight where there are Weights, added to what is
// there if Accumulate; it is 0 for what a column does not have. Columns follow each other from 0 to T. Counts are not negative.
//
// Even multiplies the gradient by Out of a Gaussian column, and no other result, by v:
// it is that of the squared error, o - x, while the variance is learned beside it
// (beta-NLL of beta = 1: Seitzer et al., On the Pitfalls of Heteroscedastic Uncertainty
// Estimation, ICLR 2022), so that no code is spent on copying the columns that are
// easiest.
//
// The negative binomial of mean and inverse dispersion is that of Hilbe (Negative
// Binomial Regression, 2nd ed., 2011, section 8) and, with zeros of their own, of
// Lopez et al. (scVI, Nature Methods 15, 2018).
//
//	DOut, Out, Each: B*K x T, Target: B x T, Rows, Weights: B*K x 1, Size: B x 1
//	Spread, DSpread: 1 x T, or 2 x T with a zero-inflated column
//
// DOut, Each, DSpread, Size and Weights (of 1) may be none, and DOut may be Out itself.
type ColumnLoss struct {
	DOut, Rows, Out, Target Tensor
	Each                    Tensor
	Spread, DSpread, Size   Tensor
	Weights                 Tensor
	Columns                 []LossColumns
	Scale                   float32
	Accumulate, Even        bool
}

// Spreads is the number of rows of Spread that the columns need.
func (o ColumnLoss) Spreads() int { return Spreads(o.Columns) }

// Spreads returns how many rows of learned parameters the columns need, one a column.
func Spreads(columns []LossColumns) (rows int) {
	for _, c := range columns {
		rows = max(rows, c.Kind.Spreads())
	}
	return rows
}

// CheckColumns returns what is wrong with columns that are to be those of a table of
// that width, one after the other from 0 on.
func CheckColumns(columns []LossColumns, width int) error {
	at := 0
	for _, c := range columns {
		if c.Kind > ZeroInflatedColumn {
			return fmt.Errorf("unknown %v", c.Kind)
		}
		if c.From != at || c.To <= c.From {
			return fmt.Errorf("%v columns %d to %d follow column %d", c.Kind, c.From, c.To, at)
		}
		at = c.To
	}
	if at != width {
		return fmt.Errorf("columns to %d of %d", at, width)
	}
	return nil
}

// checkColumns refuses columns that are not those of t.
func checkColumns(op, name string, columns []LossColumns, t Tensor) error {
	if err := CheckColumns(columns, t.Cols); err != nil {
		return fmt.Errorf("backend: %s: %s %v: %w", op, name, t, err)
	}
	return nil
}

// Check checks the operands, except the counts.
func (o ColumnLoss) Check() error {
	const op = "ColumnLoss"
	width := o.Out.Cols
	if err := checkColumns(op, "out", o.Columns, o.Out); err != nil {
		return err
	}
	err := first(
		present(op, "out", o.Out), present(op, "target", o.Target),
		joins(op, "target", o.Target, o.Target.Cols, "out", o.Out, width),
		samples(op, "out", o.Out, "target", o.Target, o.Target.Rows),
		shape(op, "rows", o.Rows, o.Out.Rows, 1),
		optional(op, "dout", o.DOut, o.Out.Rows, width),
		optional(op, "each", o.Each, o.Out.Rows, width),
		optional(op, "size", o.Size, o.Target.Rows, 1),
		optional(op, "weights", o.Weights, o.Out.Rows, 1),
		o.checkSpread(op))
	if err != nil {
		return err
	}
	return first(
		same(op, o.DOut, o.Out),
		apart(op, o.DOut, o.Rows, o.Each, o.DSpread, o.Target, o.Spread, o.Size, o.Weights),
		apart(op, o.Rows, o.Each, o.DSpread, o.Out, o.Target, o.Spread, o.Size, o.Weights),
		apart(op, o.Each, o.DSpread, o.Out, o.Target, o.Spread, o.Size, o.Weights),
		apart(op, o.DSpread, o.Out, o.Target, o.Spread, o.Size, o.Weights))
}

// checkSpread demands a spread where columns have one.
func (o ColumnLoss) checkSpread(op string) error {
	rows := o.Spreads()
	if rows > 0 {
		return first(shape(op, "spread", o.Spread, rows, o.Out.Cols), optional(op, "dspread", o.DSpread, rows, o.Out.Cols))
	}
	return first(optional(op, "spread", o.Spread, 1, o.Out.Cols), optional(op, "dspread", o.DSpread, 1, o.Out.Cols))
}

// Access is what it reads and writes.
func (o ColumnLoss) Access() Access {
	a := Access{Writes: []Tensor{o.DOut, o.Rows, o.Each, o.DSpread}, Reads: []Tensor{o.Out, o.Target, o.Spread, o.Size, o.Weights}}
	if o.Accumulate {
		a.Reads = append(a.Reads, o.DSpread)
	}
	return a
}

// ColumnMean is the mean of what outputs stand for, by column: o of a Gaussian, the
// logistic of o of a Bernoulli, the shares of a softmax group, m of a count, and (1-p) m
// of one with zeros of its own, p the logistic of its zero logit (SpreadRate times row 1
// of Spread). Where there is a Known, an element of it that is no NaN takes the mean's place, so that the missing
// cells of a table are filled in.
//
//	Y, Out: B*K x T, Size: B x 1, Known: B x T
//	Spread: 2 x T with a zero-inflated column, which alone needs it; otherwise any of ColumnLoss, or none
//
// Size (of 1) and Known may be none, and Y may be Out itself.
type ColumnMean struct {
	Y, Out              Tensor
	Spread, Size, Known Tensor
	Columns             []LossColumns
}

// Check checks the operands.
func (o ColumnMean) Check() error {
	const op = "ColumnMean"
	width := o.Out.Cols
	err := first(
		checkColumns(op, "out", o.Columns, o.Out), present(op, "out", o.Out), shape(op, "y", o.Y, o.Out.Rows, width),
		o.checkRows(op, "size", o.Size, 1), o.checkRows(op, "known", o.Known, width), o.checkSpread(op))
	if err != nil {
		return err
	}
	return first(same(op, o.Y, o.Out), apart(op, o.Y, o.Spread, o.Size, o.Known))
}

// checkRows demands that out has as many rows for each of t's, where there is a t.
func (o ColumnMean) checkRows(op, what string, t Tensor, width int) error {
	if t.None() {
		return nil
	}
	return first(shape(op, what, t, t.Rows, width), samples(op, "out", o.Out, what, t, t.Rows))
}

// checkSpread demands a spread for zeros.
func (o ColumnMean) checkSpread(op string) error {
	rows := Spreads(o.Columns)
	if rows > 1 {
		return shape(op, "spread", o.Spread, rows, o.Out.Cols)
	}
	return optional(op, "spread", o.Spread, 1, o.Out.Cols)
}

// Access is what it reads and writes.
func (o ColumnMean) Access() Access {
	return Access{Writes: []Tensor{o.Y}, Reads: []Tensor{o.Out, o.Spread, o.Size, o.Known}}
}

// CountTotals is the size factor of rows of counts that are compositions, whose total
// says how much was looked at and not what there was (Lopez et al., scVI, 2018):
// Y[r] = max(Scale * sum_j X[r,j], Least), over the cells that are no NaN of the
// columns whose kind is Sized, in float64 and a fixed order. It is for the Size of
// ColumnLoss and ColumnMean, which is above 0.
//
//	Y: B x 1, X: B x T
type CountTotals struct {
	Y, X         Tensor
	Columns      []LossColumns
	Scale, Least float32
}

// Check checks the operands, except the counts.
func (o CountTotals) Check() error {
	const op = "CountTotals"
	return first(
		checkColumns(op, "x", o.Columns, o.X), present(op, "x", o.X), shape(op, "y", o.Y, o.X.Rows, 1), apart(op, o.Y, o.X),
		positive(op, "scale", o.Scale), positive(op, "least", o.Least))
}

// positive demands a finite number above 0.
func positive(op, name string, v float32) error {
	if v > 0 && v <= math.MaxFloat32 {
		return nil
	}
	return fmt.Errorf("backend: %s: %s is %v, expected a finite number above 0", op, name, v)
}

// Access is what it reads and writes.
func (o CountTotals) Access() Access { return Access{Writes: []Tensor{o.Y}, Reads: []Tensor{o.X}} }
