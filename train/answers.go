package train

import (
	"slices"

	"github.com/aegpu/aegpu/data"
)

// withAnswers returns the rows of an array, which says nothing of its columns, with those known as yes/no that are 0 or 1 in
// every row, those held out too, and both in some; other rows as they are.
func withAnswers(s *data.Set, held ...*data.Set) *data.Set {
	if s.Columns != nil || s.IsBytes() {
		return s
	}
	may := make([]bool, s.Cols)
	for j, u := range usuals(s) {
		may[j] = u.whole && u.mean > 0 && u.mean < 1
	}
	if !slices.Contains(may, true) {
		return s
	}
	row := make([]float32, s.Cols)
	for _, part := range append(held, s) {
		for i := 0; part != nil && i < part.Rows; i++ {
			part.Row(row, i)
			for j, v := range row {
				may[j] = may[j] && (v == 0 || v == 1 || v != v)
			}
		}
	}
	if !slices.Contains(may, true) {
		return s
	}
	t := *s
	t.Columns = make([]data.Column, s.Cols)
	for j, is := range may {
		if is {
			t.Columns[j].Kind = data.YesNo
		}
	}
	return &t
}
