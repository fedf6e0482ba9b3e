package cpu

// operations holds the operands of the operation under way: a fixed place for
// each kind, so that handing one to the workers allocates nothing. Each file of
// operations has its own.
type operations struct {
	activationOps
	linearOps
	noiseOps
	elementwiseOps
	gatherOps
	lossOps
	columnOps
	updateOps
	codeOps
	importanceOps
	topkOps
	penaltyOps
	jacobianOps
	lambOps
}
