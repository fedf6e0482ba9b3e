package backend

// Clock is a run's time in device memory. Operations read it there, so that a
// compiled step can be replayed without new arguments; [Tick] moves it on.
type Clock struct{ Mem Memory }

// Time is what a clock shows.
type Time struct {
	Seed  uint64 // key of all noise
	Epoch uint64 // chooses the shuffle
	Step  uint64 // keys the step's noise; counts from 0 over the whole run
	Row   uint64 // position in the epoch of the batch's first example
}

// Hyper is what the schedules say of one step. The host computes a table of them
// ahead (one row a step) and the device walks it.
type Hyper struct {
	LR       float32 // learning rate, after warm-up and schedule
	Momentum float32 // momentum of SGD, this step
	Correct1 float32 // 1 / (1 - beta1^t), Adam's first bias correction
	Correct2 float32 // 1 / sqrt(1 - beta2^t), the square root of the second
	KL       float32 // weight of the KL term
	_        [3]float32
}
