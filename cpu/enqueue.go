package cpu

import "github.com/aegpu/aegpu/backend"

// Enqueue computes an operation at once.
func (d *Device) Enqueue(op backend.Operation) {
	switch o := op.(type) {
	case backend.Gather:
		d.gather(o)
	case backend.Tick:
		d.tick(o)
	case backend.ZeroSums:
		d.zeroSums(o)
	case backend.Linear:
		d.linear(o)
	case backend.LinearBackInput:
		d.linearBackInput(o)
	case backend.LinearBackWeights:
		d.linearBackWeights(o)
	case backend.Activate:
		d.activate(o)
	case backend.ActivateBack:
		d.activateBack(o)
	case backend.Dropout:
		d.dropout(o)
	case backend.Add:
		d.add(o)
	case backend.Copy:
		d.copyTo(o)
	case backend.CopyColumns:
		d.copyColumns(o)
	case backend.Zero:
		d.zero(o)
	case backend.ScaleRows:
		d.scaleRows(o)
	default:
		d.enqueueCode(op)
	}
}

// enqueueCode is Enqueue of losses and of what there is for codes.
func (d *Device) enqueueCode(op backend.Operation) {
	switch o := op.(type) {
	case backend.Loss:
		d.loss(o)
	case backend.Correct:
		d.correct(o)
	case backend.Accumulate:
		d.accumulate(o)
	case backend.Reparam:
		d.reparam(o)
	case backend.GaussianKL:
		d.gaussianKL(o)
	case backend.ReparamBack:
		d.reparamBack(o)
	case backend.ImportanceWeights:
		d.importanceWeights(o)
	case backend.ImportanceBack:
		d.importanceBack(o)
	case backend.TopK:
		d.topK(o)
	case backend.TopKBack:
		d.topKBack(o)
	case backend.ColumnMeans:
		d.columnMeans(o)
	case backend.SparseKL:
		d.sparseKL(o)
	default:
		d.enqueuePenalty(op)
	}
}

// enqueuePenalty is Enqueue of penalties and updates.
func (d *Device) enqueuePenalty(op backend.Operation) {
	switch o := op.(type) {
	case backend.L1:
		d.l1(o)
	case backend.RowSquares:
		d.rowSquares(o)
	case backend.ContractShallow:
		d.contractShallow(o)
	case backend.AddScaledRows:
		d.addScaledRows(o)
	case backend.Probes:
		d.probes(o)
	case backend.ScaleByDerivative:
		d.scaleByDerivative(o)
	case backend.ScaleByDerivativeBack:
		d.scaleByDerivativeBack(o)
	case backend.SquareSum:
		d.squareSum(o)
	case backend.Check:
		d.check(o)
	case backend.Update:
		d.update(o)
	case backend.UpdateLAMB:
		d.updateLAMB(o)
	default:
		if d.begin(backend.Name(op), nil) {
			d.fail("there is no such operation here")
		}
	}
}
