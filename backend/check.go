package backend

import "fmt"

// The checks of the operations' arguments, one an operation, for every device to
// call first. They look at integers only and allocate nothing when all is well.
// What they cannot see is left to the device: whose memory an operand is in, and
// whether the view lies within it.

// CheckUpload and its kin check that host and device agree on a length.
func CheckUpload(dst Tensor, src []float32) error   { return sameLen("Upload", dst.Len(), len(src)) }
func CheckDownload(dst []float32, src Tensor) error { return sameLen("Download", src.Len(), len(dst)) }
func CheckReadSums(dst []float64, src Sums) error   { return sameLen("ReadSums", src.N, len(dst)) }
func CheckWriteSums(dst Sums, src []float64) error  { return sameLen("WriteSums", dst.N, len(src)) }

// CheckTick checks the arguments of Tick.
func CheckTick(rows int) error {
	if rows < 0 {
		return fmt.Errorf("backend: Tick: %d rows", rows)
	}
	return nil
}

// CheckAllocBytes checks the arguments of AllocBytes.
func CheckAllocBytes(rows, cols int, v []byte) error {
	if rows < 0 || cols < 0 || rows*cols != len(v) {
		return fmt.Errorf("backend: AllocBytes: %d bytes for %dx%d", len(v), rows, cols)
	}
	return nil
}

// CheckGather checks the arguments of Gather, except the clock's row.
func CheckGather(clean, noisy Tensor, data Data, spec Batch) error {
	const op = "Gather"
	out := clean
	if out.None() {
		out = noisy
	}
	switch {
	case data.Mem == nil || data.Rows < 1 || data.Cols < 1:
		return fmt.Errorf("backend: Gather: data is %dx%d", data.Rows, data.Cols)
	case out.Rows > data.Rows:
		return fmt.Errorf("backend: Gather: batch of %d rows from data of %d", out.Rows, data.Rows)
	case spec.Corrupt > SaltAndPepper:
		return fmt.Errorf("backend: Gather: unknown corruption %d", spec.Corrupt)
	case spec.Corrupt != NoCorruption && !(spec.Level >= 0):
		return fmt.Errorf("backend: Gather: corruption level is %v", spec.Level)
	}
	return first(
		shape(op, "output", out, out.Rows, data.Cols),
		optional(op, "clean", clean, out.Rows, data.Cols),
		optional(op, "noisy", noisy, out.Rows, data.Cols),
		apart(op, clean, noisy))
}

// CheckLinear checks the arguments of Linear.
func CheckLinear(y, pre, x, w, b Tensor, act Activation, transposed bool) error {
	const op = "Linear"
	out, in := w.Rows, w.Cols
	if transposed {
		out, in = in, out
	}
	return first(
		present(op, "x", x), present(op, "w", w), known(op, act),
		joins(op, "x", x, x.Cols, "w", w, in),
		shape(op, "y", y, x.Rows, out),
		optional(op, "pre", pre, x.Rows, out),
		optional(op, "b", b, 1, out),
		apart(op, y, pre, x, w, b),
		apart(op, pre, x, w, b))
}

// CheckLinearBackInput checks the arguments of LinearBackInput.
func CheckLinearBackInput(dx, dy, w, saved Tensor, act Activation, transposed bool) error {
	const op = "LinearBackInput"
	out, in := w.Rows, w.Cols
	if transposed {
		out, in = in, out
	}
	return first(
		present(op, "dy", dy), present(op, "w", w), known(op, act),
		joins(op, "dy", dy, dy.Cols, "w", w, out),
		shape(op, "dx", dx, dy.Rows, in),
		savedShape(op, saved, act, dy.Rows, in),
		apart(op, dx, dy, w, saved))
}

// CheckLinearBackWeights checks the arguments of LinearBackWeights.
func CheckLinearBackWeights(dw, db, dy, x Tensor, transposed bool) error {
	const op = "LinearBackWeights"
	out, in := dy.Cols, x.Cols
	if transposed {
		out, in = in, out
	}
	return first(
		present(op, "dy", dy), present(op, "x", x),
		joins(op, "dy", dy, dy.Rows, "x", x, x.Rows),
		shape(op, "dw", dw, out, in),
		optional(op, "db", db, 1, dy.Cols),
		apart(op, dw, db, dy, x),
		apart(op, db, dy, x))
}

// CheckActivate checks the arguments of Activate.
func CheckActivate(y, x Tensor, act Activation) error {
	const op = "Activate"
	return first(present(op, "x", x), known(op, act), shape(op, "y", y, x.Rows, x.Cols), same(op, y, x))
}

// CheckActivateBack checks the arguments of ActivateBack.
func CheckActivateBack(dx, dy, saved Tensor, act Activation) error {
	const op = "ActivateBack"
	return first(
		present(op, "dy", dy), known(op, act),
		shape(op, "dx", dx, dy.Rows, dy.Cols),
		savedShape(op, saved, act, dy.Rows, dy.Cols),
		same(op, dx, dy),
		apart(op, dx, saved))
}

// CheckDropout checks the arguments of Dropout.
func CheckDropout(y, x Tensor, p float32) error {
	const op = "Dropout"
	if !(p >= 0 && p < 1) {
		return fmt.Errorf("backend: Dropout: p is %v, expected 0 <= p < 1", p)
	}
	return first(present(op, "x", x), shape(op, "y", y, x.Rows, x.Cols), same(op, y, x))
}

// CheckAdd checks the arguments of Add.
func CheckAdd(dst, src Tensor) error { return pair("Add", dst, src) }

// CheckCopy checks the arguments of Copy.
func CheckCopy(dst, src Tensor) error { return pair("Copy", dst, src) }

// CheckCopyColumns checks the arguments of CopyColumns.
func CheckCopyColumns(dst, src Tensor, from int) error {
	const op = "CopyColumns"
	if err := first(present(op, "dst", dst), present(op, "src", src), apart(op, dst, src)); err != nil {
		return err
	}
	if dst.Rows != src.Rows || from < 0 || from > src.Cols-dst.Cols {
		return fmt.Errorf("backend: CopyColumns: columns from %d on of src %v do not fill dst %v", from, src, dst)
	}
	return nil
}

// CheckZero checks the argument of Zero.
func CheckZero(dst Tensor) error { return present("Zero", "dst", dst) }

// CheckScaleRows checks the arguments of ScaleRows.
func CheckScaleRows(t, w Tensor) error {
	const op = "ScaleRows"
	return first(present(op, "t", t), shape(op, "w", w, t.Rows, 1), apart(op, t, w))
}

// CheckLoss checks the arguments of Loss, except the class numbers.
func CheckLoss(dout, rows, out, target Tensor, kind LossKind) error {
	const op = "Loss"
	if kind > Categorical {
		return fmt.Errorf("backend: Loss: unknown loss %d", kind)
	}
	width, wide := out.Cols, 1
	switch kind {
	case GaussianNLL:
		wide, width = 2, out.Cols/2
	case Categorical:
		width = 1
	}
	if kind == GaussianNLL && out.Cols%wide != 0 || target.Cols != width {
		return fmt.Errorf("backend: Loss: out %v does not fit target %v under the %v loss", out, target, kind)
	}
	return first(
		present(op, "out", out), present(op, "target", target),
		samples(op, "out", out, "target", target, target.Rows),
		shape(op, "rows", rows, out.Rows, 1),
		optional(op, "dout", dout, out.Rows, out.Cols),
		same(op, dout, out),
		apart(op, dout, rows, target),
		apart(op, rows, out, target))
}

// CheckCorrect checks the arguments of Correct.
func CheckCorrect(s Sums, i int, logits, target Tensor) error {
	const op = "Correct"
	return first(slot(op, s, i), present(op, "logits", logits), shape(op, "target", target, logits.Rows, 1))
}

// CheckAccumulate checks the arguments of Accumulate.
func CheckAccumulate(s Sums, i int, v Tensor) error {
	return first(slot("Accumulate", s, i), present("Accumulate", "v", v))
}

// CheckReparam checks the arguments of Reparam.
func CheckReparam(z, ml Tensor) error { return code("Reparam", z, ml, apart("Reparam", z, ml)) }

// CheckGaussianKL checks the arguments of GaussianKL.
func CheckGaussianKL(kl, ml Tensor) error {
	const op = "GaussianKL"
	return first(present(op, "kl", kl), present(op, "ml", ml), shape(op, "ml", ml, ml.Rows, 2*kl.Cols),
		shape(op, "kl", kl, 1, kl.Cols), apart(op, kl, ml))
}

// CheckReparamBack checks the arguments of ReparamBack.
func CheckReparamBack(dml, dz, ml, kl Tensor) error {
	const op = "ReparamBack"
	return first(
		code(op, dz, ml, nil),
		shape(op, "dml", dml, ml.Rows, ml.Cols),
		shape(op, "kl", kl, 1, dz.Cols),
		apart(op, dml, dz, ml, kl))
}

// CheckImportanceWeights checks the arguments of ImportanceWeights.
func CheckImportanceWeights(w, bound, rows, z, ml Tensor) error {
	const op = "ImportanceWeights"
	return first(
		code(op, z, ml, nil),
		shape(op, "w", w, z.Rows, 1),
		shape(op, "rows", rows, z.Rows, 1),
		shape(op, "bound", bound, ml.Rows, 1),
		apart(op, w, bound, rows, z, ml),
		apart(op, bound, rows, z, ml))
}

// CheckImportanceBack checks the arguments of ImportanceBack.
func CheckImportanceBack(dml, dz, z, ml, w Tensor) error {
	const op = "ImportanceBack"
	return first(
		code(op, z, ml, nil),
		shape(op, "dz", dz, z.Rows, z.Cols),
		shape(op, "dml", dml, ml.Rows, ml.Cols),
		shape(op, "w", w, z.Rows, 1),
		apart(op, dml, dz, z, ml, w))
}

// CheckTopK checks the arguments of TopK.
func CheckTopK(y, x Tensor, k int) error {
	if k < 1 || k > x.Cols {
		return fmt.Errorf("backend: TopK: k is %d in rows of %d", k, x.Cols)
	}
	return pair("TopK", y, x)
}

// CheckTopKBack checks the arguments of TopKBack.
func CheckTopKBack(dx, dy, y Tensor) error {
	const op = "TopKBack"
	return first(present(op, "y", y), shape(op, "dx", dx, y.Rows, y.Cols), shape(op, "dy", dy, y.Rows, y.Cols),
		same(op, dx, dy), apart(op, dx, y))
}

// CheckColumnMeans checks the arguments of ColumnMeans.
func CheckColumnMeans(m, h Tensor) error {
	const op = "ColumnMeans"
	return first(present(op, "h", h), shape(op, "m", m, 1, h.Cols), apart(op, m, h))
}

// CheckSparseKL checks the arguments of SparseKL.
func CheckSparseKL(dh Tensor, s Sums, i int, m Tensor, rho float32) error {
	const op = "SparseKL"
	if !(rho > 0 && rho < 1) {
		return fmt.Errorf("backend: SparseKL: rho is %v, expected 0 < rho < 1", rho)
	}
	return first(slot(op, s, i), present(op, "dh", dh), shape(op, "m", m, 1, dh.Cols), apart(op, dh, m))
}

// CheckL1 checks the arguments of L1.
func CheckL1(dh Tensor, s Sums, i int, h Tensor) error {
	return first(slot("L1", s, i), pair("L1", dh, h))
}

// CheckRowSquares checks the arguments of RowSquares.
func CheckRowSquares(r, w Tensor) error {
	const op = "RowSquares"
	return first(present(op, "w", w), shape(op, "r", r, 1, w.Rows), apart(op, r, w))
}

// CheckContractShallow checks the arguments of ContractShallow.
func CheckContractShallow(da, dr Tensor, s Sums, i int, saved, r Tensor, act Activation) error {
	const op = "ContractShallow"
	return first(
		slot(op, s, i), present(op, "saved", saved), known(op, act),
		shape(op, "da", da, saved.Rows, saved.Cols),
		shape(op, "r", r, 1, saved.Cols),
		shape(op, "dr", dr, 1, saved.Cols),
		apart(op, da, dr, saved, r),
		apart(op, dr, saved, r))
}

// CheckAddScaledRows checks the arguments of AddScaledRows.
func CheckAddScaledRows(dw, w, c Tensor) error {
	const op = "AddScaledRows"
	return first(present(op, "w", w), shape(op, "dw", dw, w.Rows, w.Cols), shape(op, "c", c, 1, w.Rows),
		apart(op, dw, w, c))
}

// CheckProbes checks the arguments of Probes.
func CheckProbes(v Tensor, batch int, exact bool) error {
	if v.None() || batch < 1 || v.Rows%batch != 0 || exact && v.Rows/batch != v.Cols {
		return fmt.Errorf("backend: Probes: v %v for a batch of %d (exact: %v)", v, batch, exact)
	}
	return present("Probes", "v", v)
}

// CheckScaleByDerivative checks the arguments of ScaleByDerivative.
func CheckScaleByDerivative(u, v, saved Tensor, act Activation) error {
	const op = "ScaleByDerivative"
	return first(
		present(op, "v", v), present(op, "saved", saved), known(op, act),
		joins(op, "v", v, v.Cols, "saved", saved, saved.Cols),
		samples(op, "v", v, "saved", saved, saved.Rows),
		shape(op, "u", u, v.Rows, v.Cols),
		same(op, u, v),
		apart(op, u, saved))
}

// CheckScaleByDerivativeBack checks the arguments of ScaleByDerivativeBack.
func CheckScaleByDerivativeBack(dv, da, du, v, saved Tensor, act Activation) error {
	const op = "ScaleByDerivativeBack"
	return first(
		present(op, "v", v), present(op, "saved", saved), known(op, act),
		joins(op, "v", v, v.Cols, "saved", saved, saved.Cols),
		samples(op, "v", v, "saved", saved, saved.Rows),
		shape(op, "du", du, v.Rows, v.Cols),
		optional(op, "dv", dv, v.Rows, v.Cols),
		shape(op, "da", da, saved.Rows, saved.Cols),
		same(op, dv, du),
		apart(op, dv, da, v, saved),
		apart(op, da, du, v, saved))
}

// CheckSquareSum checks the arguments of SquareSum.
func CheckSquareSum(dv Tensor, s Sums, i int, v Tensor) error {
	const op = "SquareSum"
	return first(slot(op, s, i), present(op, "v", v), shape(op, "dv", dv, v.Rows, v.Cols), same(op, dv, v))
}

// CheckCheck checks the arguments of Check.
func CheckCheck(guard Sums, grads Tensor, ends []int, rows Tensor) error {
	const op = "Check"
	begin := 0
	for _, end := range ends {
		if end < begin || end > grads.Len() {
			return fmt.Errorf("backend: Check: ends %v in grads %v", ends, grads)
		}
		begin = end
	}
	if guard.Mem == nil || guard.N != GuardNorm+len(ends) {
		return fmt.Errorf("backend: Check: a guard of %d slots for %d parameter tensors, expected %d", guard.N, len(ends), GuardNorm+len(ends))
	}
	return first(present(op, "grads", grads), present(op, "rows", rows), shape(op, "rows", rows, rows.Rows, 1))
}

// CheckUpdate checks the arguments of Update.
func CheckUpdate(params, grads, m, v Tensor, o Optimiser, guard Sums) error {
	const op = "Update"
	switch {
	case o.Kind == LAMB:
		return fmt.Errorf("backend: Update: %v is UpdateLAMB's", o.Kind)
	case o.Kind > LAMB:
		return fmt.Errorf("backend: Update: unknown optimiser %d", o.Kind)
	case guard.Mem == nil || guard.N < GuardNorm:
		return fmt.Errorf("backend: Update: a guard of %d slots", guard.N)
	case o.Decayed < 0 || o.Decayed > params.Len():
		return fmt.Errorf("backend: Update: %d decayed of params %v", o.Decayed, params)
	}
	err := first(present(op, "params", params), shape(op, "grads", grads, params.Rows, params.Cols), apart(op, params, grads, m, v))
	if err == nil && o.Kind.Moments() > 0 {
		err = first(shape(op, "m", m, params.Rows, params.Cols), apart(op, m, grads, v))
	}
	if err == nil && o.Kind.Moments() > 1 {
		err = first(shape(op, "v", v, params.Rows, params.Cols), apart(op, v, grads))
	}
	return err
}

// CheckUpdateLAMB checks the arguments of UpdateLAMB.
func CheckUpdateLAMB(params, grads, m, v Tensor, ends []int, trust Sums, o Optimiser, guard Sums) error {
	const op = "UpdateLAMB"
	begin := 0
	for _, end := range ends {
		if end < begin || end > params.Len() {
			return fmt.Errorf("backend: UpdateLAMB: ends %v in params %v", ends, params)
		}
		begin = end
	}
	switch {
	case o.Kind != LAMB:
		return fmt.Errorf("backend: UpdateLAMB: optimiser %v", o.Kind)
	case begin != params.Len():
		return fmt.Errorf("backend: UpdateLAMB: ends %v do not reach the end of params %v", ends, params)
	case trust.Mem == nil || trust.N != len(ends):
		return fmt.Errorf("backend: UpdateLAMB: trust of %d slots for %d parameter tensors", trust.N, len(ends))
	case guard.Mem == nil || guard.N != GuardNorm+len(ends):
		return fmt.Errorf("backend: UpdateLAMB: a guard of %d slots for %d parameter tensors, expected %d", guard.N, len(ends), GuardNorm+len(ends))
	case o.Decayed < 0 || o.Decayed > params.Len():
		return fmt.Errorf("backend: UpdateLAMB: %d decayed of params %v", o.Decayed, params)
	}
	return first(present(op, "params", params), shape(op, "grads", grads, params.Rows, params.Cols), apart(op, params, grads, m, v),
		shape(op, "m", m, params.Rows, params.Cols), apart(op, m, grads, v), shape(op, "v", v, params.Rows, params.Cols), apart(op, v, grads))
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
		if overlap(dst, t) {
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

func overlap(a, b Tensor) bool {
	return a.Mem != nil && a.Mem == b.Mem && a.Off < b.Off+b.Len() && b.Off < a.Off+a.Len()
}

func sameLen(op string, device, host int) error {
	if device != host {
		return fmt.Errorf("backend: %s: %d elements on the device, %d on the host", op, device, host)
	}
	return nil
}
