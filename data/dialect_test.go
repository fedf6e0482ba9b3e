package data

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// inUTF16 is a text in UTF-16, with a mark or without.
func inUTF16(text string, big, mark bool) string {
	units := utf16.Encode([]rune(text))
	if mark {
		units = append([]uint16{0xfeff}, units...)
	}
	var b strings.Builder
	for _, u := range units {
		if big {
			b.WriteByte(byte(u >> 8))
		}
		b.WriteByte(byte(u))
		if !big {
			b.WriteByte(byte(u >> 8))
		}
	}
	return b.String()
}

// However a table is written, it is the same table.
func TestDialects(t *testing.T) {
	const plain = "größe,weight\n1.5,20\n2.5,30\n3.5,45\n"
	swap := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(plain) }
	for name, c := range map[string]struct {
		text string
		how  Reading
		said string
	}{
		"plain":                   {text: plain, said: "separated by ','"},
		"semicolons":              {text: swap(",", ";"), said: "separated by ';'"},
		"decimal commas":          {text: swap(",", ";", ".", ","), said: "decimal mark ','"},
		"tabs":                    {text: swap(",", "\t"), said: "separated by tabs"},
		"tabs, decimal commas":    {text: swap(",", "\t", ".", ","), said: "decimal mark ','"},
		"pipes":                   {text: swap(",", "|"), said: "separated by '|'"},
		"spaces":                  {text: swap(",", "   ", "\n1", "\n  1"), said: "separated by spaces"},
		"colons, asked for":       {text: swap(",", ":"), how: Reading{Delimiter: ":"}, said: "separated by ':'"},
		"blanks after commas":     {text: swap(",", ", ")},
		"quotes":                  {text: swap("größe", `"größe"`, "20", `"20"`)},
		"Windows' ends of lines":  {text: swap("\n", "\r\n")},
		"old Macs' ends of lines": {text: swap("\n", "\r")},
		"without a last end":      {text: strings.TrimSuffix(plain, "\n")},
		"blank lines":             {text: swap("\n", "\n\n")},
		"a comment":               {text: "# made by a machine\n" + plain + "# the end\n"},
		"titles":                  {text: "Report of 2024\n\n" + plain, said: `left out before it: "Report of 2024"`},
		"a mark":                  {text: "\ufeff" + plain},
		"UTF-16, little":          {text: inUTF16(plain, false, true), said: "UTF-16"},
		"UTF-16, big":             {text: inUTF16(plain, true, true), said: "UTF-16"},
		"Latin-1":                 {text: swap("ö", "\xf6", "ß", "\xdf"), said: "Latin-1"},
		"a header, asked for":     {text: plain, how: Reading{Header: "yes"}},
		"names of rows, as R":     {text: "größe,weight\na,1.5,20\nb,2.5,30\nc,3.5,45\n", said: "as it has no name"},
		"a comment of names":      {text: swap("größe", "# größe")},
	} {
		src, err := Read(context.Background(), file(t, "a.csv", c.text), c.how)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		s := src.Train
		if !slices.Equal(s.F32, []float32{1.5, 20, 2.5, 30, 3.5, 45}) || !slices.Equal(namesOf(s.Columns), []string{"größe", "weight"}) {
			t.Errorf("%s: %v of %q", name, s.F32, namesOf(s.Columns))
		}
		if !has(src.Found, c.said) {
			t.Errorf("%s: %q is not said in %q", name, c.said, src.Found)
		}
	}
}

func TestHeaders(t *testing.T) {
	for _, c := range []struct {
		text   string
		rows   int
		header bool
	}{
		{"a,b\n1,2\n", 1, true},
		{"1,2\n3,4\n", 2, false},
		{"5.1,3.5,setosa\n4.9,3.0,setosa\n6.0,2.2,virginica\n5.0,3.0,virginica\n", 4, false},
		{"sepal,petal,kind\n5.1,3.5,setosa\n4.9,3.0,setosa\n", 2, true},
		{"id,2019,2020\n1,0.5,0.7\n2,0.1,0.2\n", 2, true},
		{"0,1,2\n0.5,0.7,1\n", 1, true},
		{"1,2,3\n0.5,0.7,1\n", 1, true},
		{"0,1,2\n1,2,3\n2,3,4\n", 3, false},
		{"1,2,3\n4,5,6\n", 2, false},
		{"0,1\n1,0\n", 2, false},
		{"colour,size\nred,S\nblue,M\nred,M\nblue,S\n", 4, true},
		{"red,S\nblue,M\nred,M\nblue,S\n", 4, false},
		{"NA,1\n2,3\n", 2, false},
		{"x\n1\n2\n", 2, true},
		{"1\n2\n", 2, false},
	} {
		src, err := Read(context.Background(), file(t, "a.csv", c.text), Reading{})
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if got := has(src.Found, "with a header") || has(src.Found, "is a header"); src.Train.Rows != c.rows || got != c.header {
			t.Errorf("%q: %d rows, header %v: %q", c.text, src.Train.Rows, got, src.Found)
		}
	}
}

// A column of numbers that later turns out to hold texts is read as texts, whole.
func TestTextsBehindNumbers(t *testing.T) {
	var b strings.Builder
	b.WriteString("size,grade\n")
	for i := range 20000 {
		grade := fmt.Sprint(1 + i%3)
		if i > 15000 {
			grade = []string{"A", "B"}[i%2]
		}
		fmt.Fprintf(&b, "%d.5,%s\n", i, grade)
	}
	src, err := Read(context.Background(), file(t, "a.csv", b.String()), Reading{Types: []string{"grade=category"}})
	if err != nil {
		t.Fatal(err)
	}
	if c := src.Train.Columns[1]; c.Kind != Category || !slices.Equal(c.Levels, []string{"1", "2", "3", "A", "B"}) || src.Train.At(1, 1) != 1 {
		t.Errorf("%+v", c)
	}
	// Unasked, three quarters of numbers make the texts faults.
	_, err = Read(context.Background(), file(t, "a.csv", b.String()), Reading{})
	wantError(t, err, "line 15003", `column 2 ("grade")`, `found "B"`, "--types")
}

// Ids that repeat are no numbers to learn.
func TestIDsThatRepeatAreLeftOut(t *testing.T) {
	var b strings.Builder
	b.WriteString("patient_id,age,siteID\n")
	for i := range 60 {
		fmt.Fprintf(&b, "%d,%d.5,%c\n", 1000+i/3, 20+i, 'a'+i%4)
	}
	name := file(t, "a.csv", b.String())
	src, err := Read(context.Background(), name, Reading{})
	if err != nil || src.Train.Cols != 1 || !has(src.Found, "left out: patient_id (ids that repeat: --group patient_id", "siteID (ids that repeat") {
		t.Errorf("%v, %q", err, src.Found)
	}
	src, err = Read(context.Background(), name, Reading{Group: "patient_id", Types: []string{"siteID=category"}})
	if err != nil || src.Train.Cols != 2 || len(src.Train.Groups) != 60 || src.Train.Groups[0] != src.Train.Groups[2] || src.Train.Groups[2] == src.Train.Groups[3] {
		t.Errorf("%v, %v", err, src)
	}
}

// Digits with leading zeros are names, not numbers.
func TestLeadingZerosStay(t *testing.T) {
	var b strings.Builder
	b.WriteString("customer_id,size\n")
	for i := range 30 {
		fmt.Fprintf(&b, "%05d,%d.5\n", i*7, i)
	}
	s := open(t, file(t, "a.csv", b.String()))
	if len(s.IDs) != 30 || s.IDs[1] != "00007" || s.Cols != 1 {
		t.Errorf("%d columns, %q", s.Cols, s.IDs)
	}
}

// manyRows is a header and rows that a function of the row's number gives.
func manyRows(header string, n int, row func(i int) string) string {
	var b strings.Builder
	b.WriteString(header + "\n")
	for i := range n {
		b.WriteString(row(i) + "\n")
	}
	return b.String()
}

// What once went wrong silently.
func TestTablesThatMislead(t *testing.T) {
	for name, c := range map[string]struct {
		text    string
		rows    int
		columns []string
		first   float64 // of the first row and column
		said    []string
	}{
		"thousands and decimal commas": {manyRows("a;b", 60, func(i int) string { return fmt.Sprintf("1.%d,5;2.%d,7", 100+i, 200+i) }), 60, []string{"a", "b"}, 1100.5, []string{"separated by ';'", "decimal mark ','"}},
		"thousands in quotes":          {manyRows("a,b", 60, func(i int) string { return fmt.Sprintf(`"20,%d.25",%d`, 100+i, i*i) }), 60, []string{"a", "b"}, 20100.25, nil},
		"texts with spaces":            {manyRows("v,k", 60, func(i int) string { return fmt.Sprintf("%d.5,text %08d %d", i*i%17, i*7919, i) }), 60, []string{"v"}, 0.5, []string{"separated by ','", "left out: k"}},
		"rows that begin with #": {manyRows("code,a", 120, func(i int) string {
			return fmt.Sprintf("%c%d,%g", "#kkk"[i%4], i%3, float64(i)/8)
		}), 120, []string{"code", "a"}, 0, nil},
		"comments among rows": {manyRows("b,a", 60, func(i int) string {
			if i%10 == 9 {
				return "# measured again"
			}
			return fmt.Sprintf("%d.5,%d", i, i*i%7)
		}), 54, []string{"b", "a"}, 0.5, []string{"6 lines among the rows that begin with # left out"}},
		"two columns of labels": {manyRows("a,b,target,class", 60, func(i int) string { return fmt.Sprintf("%d.5,%d.25,%d,%s", i, i*i%7, i%2, []string{"neg", "pos"}[i%2]) }), 60, []string{"a", "b"}, 0.5,
			[]string{"labels: class", "left out: target (named as labels are"}},
		"a delimiter behind every row":   {manyRows("a,b,c", 60, func(i int) string { return fmt.Sprintf("%d.5,%d.25,%d,", i, i*i%7, i*3%11) }), 60, []string{"a", "b", "c"}, 0.5, nil},
		"0, 1, 2 that comes again":       {strings.Repeat("0,1,2\n1,2,0\n2,0,1\n", 30), 90, nil, 0, []string{"without a header"}},
		"money in the first column":      {manyRows("price,b,c", 60, func(i int) string { return fmt.Sprintf("$1.%02d,%d.5,%d", i, i, i*i%7) }), 60, []string{"b", "c"}, 0.5, []string{"left out: price (text"}},
		"events whose pairs come again?": {manyRows("x,y,z", 900, func(i int) string { return fmt.Sprintf("%d,%d,%d", i%60, i*7%90, i%5+1) }), 900, []string{"x", "y", "z"}, 0, nil},
	} {
		src, err := Read(context.Background(), file(t, "a.csv", c.text), Reading{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		s := src.Train
		if s.Rows != c.rows || c.columns != nil && !slices.Equal(namesOf(s.Columns), c.columns) || s.At(0, 0) != c.first {
			t.Errorf("%s: %d rows of %q, first %v: %q", name, s.Rows, namesOf(s.Columns), s.At(0, 0), src.Found)
		}
		for _, word := range c.said {
			if !has(src.Found, word) {
				t.Errorf("%s: %q is not said in %q", name, word, src.Found)
			}
		}
	}
	for text, words := range map[string][]string{
		manyRows("a,b,c", 60, func(i int) string {
			return map[bool]string{true: "O.5,1,2", false: fmt.Sprintf("%d.5,%d,%d", i, i*i%7, i*3%5)}[i == 50]
		}): {`column 1 ("a")`, `found "O.5"`, "line 52"},
		manyRows("userId,movieId,rating", 900, func(i int) string { return fmt.Sprintf("%d,%d,%d", i%60, i*7%90, i%5+1) }): {"userId and movieId look like the ids"},
		"a^b\n" + strings.Repeat("1.5^2.5x\n", 30): {"--delimiter"},
	} {
		_, err := Read(context.Background(), file(t, "a.csv", text), Reading{})
		wantError(t, err, words...)
	}
}
