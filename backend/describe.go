package backend

import (
	"fmt"
	"reflect"
	"strings"
)

// Describe is the operation's name and its operands: tensors by the names that name
// gives them, and numbers that are not zero.
func Describe(op Operation, name func(Tensor) string) string {
	var b strings.Builder
	b.WriteString(Name(op))
	v := reflect.Indirect(reflect.ValueOf(op))
	for i := range v.NumField() {
		f, field := v.Type().Field(i), v.Field(i).Interface()
		switch x := field.(type) {
		case Tensor:
			if !x.None() {
				fmt.Fprintf(&b, " %s=%s", strings.ToLower(f.Name), name(x))
			}
		case Sums, Clock:
		case Noise:
			fmt.Fprintf(&b, " stream=%#x", x.Stream)
			if x.First != 0 {
				fmt.Fprintf(&b, " first=%d", x.First)
			}
		case Data:
			fmt.Fprintf(&b, " data=%dx%d", x.Rows, x.Cols)
		case []LossColumns:
			for _, c := range x {
				fmt.Fprintf(&b, " %v=%d:%d", c.Kind, c.From, c.To)
			}
		case []int:
			fmt.Fprintf(&b, " tensors=%d", len(x))
		case Batch:
			if x.Corrupt != NoCorruption {
				fmt.Fprintf(&b, " %v=%v", x.Corrupt, x.Level)
			}
			if x.First != 0 {
				fmt.Fprintf(&b, " first=%d", x.First)
			}
		case Optimiser:
			fmt.Fprintf(&b, " %v", x.Kind)
		default:
			if !v.Field(i).IsZero() || f.Name == "Act" || f.Name == "Kind" {
				fmt.Fprintf(&b, " %s=%v", strings.ToLower(f.Name), x)
			}
		}
	}
	return b.String()
}
