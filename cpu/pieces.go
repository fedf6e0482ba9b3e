package cpu

// maxPieces bounds the pieces that an operation's elements or rows are cut into.
const maxPieces = 64

// part is an operation cut into pieces that can run at once: piece i is
// elements, rows or columns lo to hi, and s is the worker's.
type part interface {
	part(s *scratch, i, lo, hi int)
}

// run is work on n elements in pieces of length, which do not depend on the number
// of workers, and so neither do the results.
func (d *Device) run(work part, n, length int) {
	if !d.ready() {
		return
	}
	d.work, d.workN, d.workLength = work, n, length
	d.pool.Run(ceilDiv(n, length), d.runPiece)
	d.work = nil
}

// piece is piece i of the operation under way.
func (d *Device) piece(worker, i int) {
	lo := i * d.workLength
	d.work.part(d.scratch[worker], i, lo, min(lo+d.workLength, d.workN))
}

// The elements that are worth a piece of their own, by what an element costs.
const (
	light = 16384 // a few cycles: memory is what it waits for
	heavy = 4096  // an exponential, a random draw, a root
)

// each runs work on n elements. Pieces start at multiples of 64 elements.
func (d *Device) each(work part, n, grain int) {
	d.run(work, n, max(grain, roundUp(ceilDiv(n, maxPieces), 64)))
}

// eachRow runs work on rows of cols elements.
func (d *Device) eachRow(work part, rows, cols, grain int) {
	d.run(work, rows, max(ceilDiv(grain, cols), ceilDiv(rows, maxPieces)))
}

// tile is the columns that one piece adds up.
const tile = 128

// narrow is the columns of a piece that is cheap: more of them share out evenly.
const narrow = 64

// eachTile runs work on tiles of columns. Each piece walks all rows.
func (d *Device) eachTile(work part, cols int) {
	d.run(work, cols, tile)
}

// sum is the sum of the partial sums that work, run on n elements, leaves in
// d.partials, in the order of the pieces.
func (d *Device) sum(work part, n, grain int) float64 {
	d.needPartials(maxPieces)
	d.each(work, n, grain)
	return total(d.partials[:maxPieces])
}

// needPartials zeroes n partial sums.
func (d *Device) needPartials(n int) {
	if cap(d.partials) < n {
		d.partials = make([]float64, n)
	}
	d.partials = d.partials[:n]
	clear(d.partials)
}

func total(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

func roundUp(a, b int) int { return ceilDiv(a, b) * b }
