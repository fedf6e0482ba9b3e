package kernels

// What kernels and those who launch them must know alike, and nobody else:
// seam.cuh is made from it, and from the enums, streams, slots and bounds of package
// backend.

// Sizes that kernels are written for.
const (
	Block   = 256           // threads of a block
	Lanes   = 32            // threads of a warp
	Warps   = Block / Lanes // of a block
	Tile    = Lanes         // columns that a block adds up
	Pack    = 8             // elements that rows in bfloat16 are padded to a multiple of: 16 bytes
	RowSpan = 4096          // row losses that a block of check adds up
	Keys    = 12            // of a permutation
)

// Bits of the flags of gather and prefetch.
const (
	GatherShuffle  = 1
	GatherBinarise = 2
	GatherFetched  = 4 // the data is the batch
)

// ClockHead is the head of a clock in device memory. The table that it walks follows
// it: TableLen rows of backend.Hyper.
type ClockHead struct {
	Seed, Epoch, Step, Row uint64       // backend.Time
	At, TableLen           uint64       // row of the table that holds now, and how many there are
	Keys                   [Keys]uint32 // of the epoch's permutation
	_                      [4]uint64
}
