package joint_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/internal/joint"
	"github.com/aegpu/aegpu/internal/joint/jointtest"
)

// TestGather has ranks put rows together, of which some have none, by parts and in turns.
func TestGather(t *testing.T) {
	const width, block = 3, 4
	for _, rows := range []int{0, 1, 4, 5, 17, 40} {
		want := make([]float32, rows*width)
		for i := range want {
			want[i] = float32(i + 1)
		}
		for size := 1; size < 5; size++ {
			errs := jointtest.Run(size, func(ranks backend.Ranks) error {
				v, turns := make([]float32, len(want)), make([]float32, len(want))
				lo, hi := joint.Part(ranks, rows, block)
				copy(v[lo*width:hi*width], want[lo*width:])
				count := []float64{float64(hi - lo)}
				for i := range rows {
					if joint.Turn(ranks, i/block) {
						copy(turns[i*width:(i+1)*width], want[i*width:])
					}
				}
				err := errors.Join(joint.Gather(ranks, nil, v, width, block), joint.GatherTurns(ranks, nil, turns, width, block), joint.Sum(ranks, nil, count))
				if !slices.Equal(v, want) || !slices.Equal(turns, want) || count[0] != float64(rows) {
					t.Errorf("rank %d of %d, %d rows: %v and %v, %v in all", ranks.Rank(), size, rows, v, turns, count)
				}
				return err
			})
			if err := errors.Join(errs...); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestAgree has a rank fail while the others are at different work: all return that, and do not tell it again.
func TestAgree(t *testing.T) {
	broken := errors.New("broken")
	errs := jointtest.Run(3, func(ranks backend.Ranks) error {
		switch ranks.Rank() {
		case 0:
			return joint.Agree(ranks, joint.Sum(ranks, nil, make([]float64, 7)))
		case 1:
			return joint.Agree(ranks, broken)
		}
		return joint.Agree(ranks, joint.Gather(ranks, nil, make([]float32, 2), 1, 1))
	})
	for rank, err := range errs {
		other := (*joint.RankError)(nil)
		if rank == 1 && !errors.Is(err, broken) || rank != 1 && (!errors.As(err, &other) || other.Rank != 1 || other.Text != "broken") {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}
