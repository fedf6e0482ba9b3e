package data

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// ClassFinder returns what finds one of classes by the name that other data have for it, -1 for none: the class of the same
// text or, as a program may have written 2 as 2.0, the only one of the same number.
func ClassFinder(classes []string) func(name string) int32 {
	const several = -2
	byText, byNumber := map[string]int32{}, map[float64]int32{}
	for k, c := range classes {
		byText[c] = int32(k)
		if v, ok := classNumber(c); ok {
			if _, twice := byNumber[v]; twice {
				byNumber[v] = several
			} else {
				byNumber[v] = int32(k)
			}
		}
	}
	return func(name string) int32 {
		if k, ok := byText[name]; ok {
			return k
		}
		v, ok := classNumber(name)
		if k, known := byNumber[v]; ok && known && k != several {
			return k
		}
		return -1
	}
}

// classNumber is the number that a class is called, false where it is none, or one so large that float64 may hold another
// for it.
func classNumber(name string) (float64, bool) {
	v, err := strconv.ParseFloat(name, 64)
	return v, err == nil && math.Abs(v) < mostWhole
}

// Classed returns s, which has labels, with them counted by classes, as a ClassFinder finds them. Labels of other classes are
// counted from len(classes) on. What is found by its number alone is said in a line, "" for nothing.
func (s *Set) Classed(classes []string) (t *Set, said string) {
	if slices.Equal(s.Classes, classes) {
		return s, ""
	}
	const unseen = -2
	find, to := ClassFinder(classes), slices.Repeat([]int32{unseen}, len(s.Classes))
	own := *s
	own.Classes, own.Labels = slices.Clone(classes), make([]int32, s.Rows)
	var numbers []string
	for i, l := range s.Labels {
		if to[l] == unseen {
			name := s.Classes[l]
			if to[l] = find(name); to[l] < 0 {
				to[l] = int32(len(own.Classes))
				own.Classes = append(own.Classes, name)
			} else if c := classes[to[l]]; c != name {
				numbers = append(numbers, fmt.Sprintf("%q as %q", clip(name), clip(c)))
			}
		}
		own.Labels[i] = to[l]
	}
	if numbers != nil {
		said = fmt.Sprintf("%s: labels count as the classes of the same number: %s", s.Name, some(numbers))
	}
	return &own, said
}

// doubtTexts names classes that are one number in several texts.
func (s *Source) doubtTexts(classes []string) {
	first := map[float64]string{}
	var said []string
	for _, c := range classes {
		v, ok := classNumber(c)
		if other, twice := first[v]; ok && twice {
			said = append(said, fmt.Sprintf("%q and %q", clip(other), clip(c)))
		} else if ok {
			first[v] = c
		}
	}
	if said != nil {
		s.doubt("labels: %s are one number, but two classes, as they are written", some(said))
	}
}
