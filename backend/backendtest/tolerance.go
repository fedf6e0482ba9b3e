package backendtest

// Precision is what a device rounds the operands of a matrix product to.
type Precision int

// The precisions. Sums are float32 in each.
const (
	FP32 Precision = iota
	TF32           // 11 significant bits
	BF16           // 8 significant bits
)

// unit is the relative error of one operand. TF32's is that of cutting the bits
// off, as tensor cores may do, rather than of rounding.
func (p Precision) unit() float64 { return []float64{0, 0x1p-10, 0x1p-8}[p] }

// eps is the relative error of one float32 rounding.
const eps = 0x1p-24

// exact is for copies, draws and whatever else has only one right answer.
var exact = Tol{}

// once is for one correctly rounded operation.
var once = Tol{Rel: eps}

// twice is for two, and for a factor rounded before it is multiplied by.
var twice = Tol{Rel: 3 * eps}

// few is for a formula of a few operations and a transcendental function good to
// a few units in the last place, on operands of the order of one: what cancels
// inside it, as in 1 - y^2, leaves an absolute error.
var few = Tol{Abs: 16 * eps, Rel: 16 * eps}

// scaled is few for a sum of terms whose sizes add up to scale. A device adds in
// float64, or in float32 in blocks and then a tree, so that an element takes part
// in some tens of roundings whatever the length.
func scaled(scale []float64) Tol { return Tol{Abs: 32 * eps, Rel: 16 * eps, Scale: scale} }

// sized is scaled where one bound on the size serves all elements.
func sized(scale float64) Tol { return Tol{Abs: 32 * eps * scale, Rel: 16 * eps} }

// product is for a matrix product of inner length k whose terms' sizes add up to
// scale: the classical bound k*eps*sum|a||b| of a float32 sum in any order
// (Higham 2002, section 3.1), the bias, the activation's slope of at most 1.13,
// and two rounded operands.
func (s Suite) product(k int, scale []float64) Tol {
	return Tol{Abs: 1.2 * (2*s.Products.unit() + float64(k+8)*eps), Rel: 16 * eps, Scale: scale}
}
