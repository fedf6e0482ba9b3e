package backend

import (
	"fmt"
	"math"
)

// What the operations' checks are made of, and the checks of the calls that are no
// operations, for every device to call first. They look at integers only and allocate
// nothing when all is well.

// CheckUpload is an error where host and device differ in length.
func CheckUpload(dst Tensor, src []float32) error { return sameLen("Upload", dst.Len(), len(src)) }

// CheckDownload is an error where host and device differ in length.
func CheckDownload(dst []float32, src Tensor) error { return sameLen("Download", src.Len(), len(dst)) }

// CheckReadSums is an error where host and device differ in length.
func CheckReadSums(dst []float64, src Sums) error { return sameLen("ReadSums", src.N, len(dst)) }

// CheckWriteSums is an error where host and device differ in length.
func CheckWriteSums(dst Sums, src []float64) error { return sameLen("WriteSums", dst.N, len(src)) }

// CheckAllocBytes checks the arguments of AllocBytes.
func CheckAllocBytes(rows, cols int, v []byte) error {
	return sized("AllocBytes", "bytes", rows, cols, len(v))
}

// CheckAllocFloats checks the arguments of AllocFloats.
func CheckAllocFloats(rows, cols int, v []float32) error {
	return sized("AllocFloats", "numbers", rows, cols, len(v))
}

// sized demands n elements of rows x cols, whose product may be beyond an int.
func sized(op, elements string, rows, cols, n int) error {
	if rows < 0 || cols < 0 || rows > 0 && cols > math.MaxInt/rows || rows*cols != n {
		return fmt.Errorf("backend: %s: %d %s for %dx%d", op, n, elements, rows, cols)
	}
	return nil
}

// first is the first error of several.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// share demands that rows are some of the whole's, of which there are 0 where they are all.
func share(op string, whole, rows int) error {
	if whole != 0 && whole < rows {
		return fmt.Errorf("backend: %s: %d rows of %d", op, rows, whole)
	}
	return nil
}

// wholeBlocks demands that noise begins with the first word of a block.
func wholeBlocks(op string, at int) error {
	if at < 0 || at%noiseBlock != 0 {
		return fmt.Errorf("backend: %s: noise from element %d on, expected a multiple of %d", op, at, noiseBlock)
	}
	return nil
}

// present demands an operand that is there and not empty.
func present(op, name string, t Tensor) error {
	if t.None() || t.Rows < 1 || t.Cols < 1 {
		return fmt.Errorf("backend: %s: %s is %v", op, name, t)
	}
	return nil
}

// shape demands an operand of that shape.
func shape(op, name string, t Tensor, rows, cols int) error {
	if t.None() || t.Rows != rows || t.Cols != cols || rows < 1 || cols < 1 {
		return fmt.Errorf("backend: %s: %s is %v, expected %dx%d", op, name, t, rows, cols)
	}
	return nil
}

// optional demands that shape of an operand that may be none.
func optional(op, name string, t Tensor, rows, cols int) error {
	if t.None() {
		return nil
	}
	return shape(op, name, t, rows, cols)
}

// savedShape is the shape of what the derivative is a function of.
func savedShape(op string, saved Tensor, act Activation, rows, cols int) error {
	if act == Identity {
		return optional(op, "saved", saved, rows, cols)
	}
	return shape(op, "saved", saved, rows, cols)
}

// joins demands that two operands agree along one side.
func joins(op, a string, at Tensor, an int, b string, bt Tensor, bn int) error {
	if an != bn {
		return fmt.Errorf("backend: %s: %s %v does not fit %s %v", op, a, at, b, bt)
	}
	return nil
}

// samples demands a whole number of rows an example.
func samples(op, a string, at Tensor, b string, bt Tensor, batch int) error {
	if batch < 1 || at.Rows%batch != 0 {
		return fmt.Errorf("backend: %s: the rows of %s %v are no multiple of those of %s %v", op, a, at, b, bt)
	}
	return nil
}

// code demands K samples z of ml = (mu, l).
func code(op string, z, ml Tensor, also error) error {
	return first(
		present(op, "z", z), present(op, "ml", ml),
		joins(op, "z", z, 2*z.Cols, "ml", ml, ml.Cols),
		samples(op, "z", z, "ml", ml, ml.Rows),
		also)
}

// pair demands two operands of one shape that do not overlap.
func pair(op string, dst, src Tensor) error {
	return first(present(op, "src", src), shape(op, "dst", dst, src.Rows, src.Cols), apart(op, dst, src))
}

// slot demands an accumulator.
func slot(op string, s Sums, i int) error {
	if s.Mem == nil || i < 0 || i >= s.N {
		return fmt.Errorf("backend: %s: accumulator %d of %d", op, i, s.N)
	}
	return nil
}

// known demands an activation that exists.
func known(op string, act Activation) error {
	if act >= numActivations {
		return fmt.Errorf("backend: %s: unknown %v", op, act)
	}
	return nil
}

// apart demands that a destination overlaps none of the others.
func apart(op string, dst Tensor, others ...Tensor) error {
	for _, t := range others {
		if Overlap(dst, t) {
			return fmt.Errorf("backend: %s: the destination %v at %d overlaps the operand %v at %d", op, dst, dst.Off, t, t.Off)
		}
	}
	return nil
}

// same demands that two operands are one and the same or do not overlap.
func same(op string, dst, src Tensor) error {
	if dst == src {
		return nil
	}
	return apart(op, dst, src)
}

func sameLen(op string, device, host int) error {
	if device != host {
		return fmt.Errorf("backend: %s: %d elements on the device, %d on the host", op, device, host)
	}
	return nil
}
