package model

import "github.com/aegpu/aegpu/backend"

// Work is what a step on a batch of n examples must do at the least, the operands of
// products being of that many bytes an element: that of its operations.
func (t *Training) Work(n, operand int) backend.Work { return t.Step(n).Work(operand) }
