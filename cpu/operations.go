package cpu

// operations holds the operands of the operation under way: a fixed place for
// each kind, so that handing one to the workers allocates nothing.
type operations struct {
	activate     activateOp
	derive       deriveOp
	bias         biasOp
	slope        slopeOp
	columnSums   columnSumsOp
	dropout      dropoutOp
	add          addOp
	copy         copyOp
	copyColumns  copyColumnsOp
	fill         fillOp
	scaleRows    scaleRowsOp
	gather       gatherOp
	loss         lossOp
	sum          sumOp
	squares      squaresOp
	reparam      reparamOp
	gaussianKL   gaussianKLOp
	reparamBack  reparamBackOp
	weights      importanceOp
	weightsBack  importanceBackOp
	topK         topKOp
	topKBack     topKBackOp
	addRow       addRowOp
	l1           l1Op
	rowSquares   rowSquaresOp
	contract     contractOp
	addScaled    addScaledRowsOp
	probes       probesOp
	byDerivative byDerivativeOp
	byDerivBack  byDerivativeBackOp
	squareSum    squareSumOp
	update       updateOp
	lamb         lambOp
	axpy         axpyOp
}
