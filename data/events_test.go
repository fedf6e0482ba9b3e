package data

import (
	"fmt"
	"strings"
	"testing"
)

// Ten columns of whole numbers or more, a third of which look like counted events, are all of counts; fewer of them are each
// what they look like, and a fraction makes none of the others counts.
func TestManyEventsAreAllCounts(t *testing.T) {
	table := func(seldom, often int, more string) string {
		var b strings.Builder
		for j := range seldom + often {
			fmt.Fprintf(&b, "g%d,", j)
		}
		b.WriteString("last\n")
		for i := range 60 {
			for j := range seldom {
				fmt.Fprintf(&b, "%d,", 3+(i*i+j*i)%13)
			}
			for j := range often {
				fmt.Fprintf(&b, "%d,", (i+j)%5)
			}
			b.WriteString(more + "\n")
		}
		return b.String()
	}
	for _, one := range []struct {
		text  string
		count int
	}{{table(6, 5, "7"), 12}, {table(2, 3, "7"), 3}, {table(6, 5, "7.5"), 5}, {table(12, 3, "7"), 3}} {
		s := mustRead(t, file(t, "t.csv", one.text), Reading{}).Train
		n := 0
		for _, c := range s.Columns {
			if c.Kind == Count {
				n++
			}
		}
		if n != one.count {
			t.Errorf("%d columns of counts of %d: want %d", n, s.Cols, one.count)
		}
	}
}
