package data

import (
	"bytes"
	"encoding/csv"
	"io"
	"slices"
	"strings"
)

// dialect is how a table of text is written.
type dialect struct {
	comma  rune     // between fields; ' ' for any number of spaces
	mark   byte     // of decimals, '.' or ','
	points bool     // more fields are numbers with a decimal point alone than with a comma alone
	titles int      // lines before the table or its header that are no comments
	banner string   // the first of them
	header []string // names of the columns, nil where there are none
	why    string   // what makes the first line a header, where that is not plain
	names  bool     // the header is a line of the table, after those skipped
	width  int      // fields of a row
	sample [][]string
}

// sampleRows is how many rows the dialect and the kinds of columns are judged by before the whole is read.
const sampleRows = 500

// sniff finds out how a table is written from its first lines. fallback separates fields where nothing speaks for another.
func sniff(head []byte, whole bool, fallback rune, how *Reading) *dialect {
	lines := textLines(head, whole)
	d := &dialect{mark: '.'}
	comment := "" // the last line of comment before the table
	for len(lines) > 0 && (isComment(lines[0]) || strings.TrimSpace(lines[0]) == "") {
		if isComment(lines[0]) {
			comment = lines[0]
		}
		lines = lines[1:]
	}
	d.comma, _ = how.comma()
	if d.comma == 0 {
		d.comma = likelyComma(lines, fallback)
	}
	records := recordsOf(lines, d.comma)
	if len(records) == 0 {
		return d
	}
	records = d.skipTitles(records)
	d.findDecimal(records, how.Decimal)
	d.findHeader(records, comment, how)
	return d
}

// textLines are the lines of a text without their ends, the last one where the text is whole.
func textLines(head []byte, whole bool) []string {
	if !whole {
		if at := bytes.LastIndexByte(head, '\n'); at >= 0 {
			head = head[:at]
		}
	}
	lines := strings.Split(string(head), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSuffix(l, "\r")
	}
	if n := len(lines); lines[n-1] == "" {
		lines = lines[:n-1]
	}
	return lines[:min(len(lines), 2*sampleRows)]
}

func isComment(line string) bool { return strings.HasPrefix(line, "#") }

// recordsOf splits lines into fields, blank and commented ones left out.
func recordsOf(lines []string, comma rune) [][]string {
	r := newFields(strings.NewReader(strings.Join(lines, "\n")), comma)
	r.ReuseRecord = false
	var records [][]string
	for len(records) < sampleRows {
		fields, err := r.Read()
		if err != nil {
			break
		}
		for i, f := range fields {
			fields[i] = strings.TrimSpace(f)
		}
		records = append(records, fields)
	}
	return records
}

// newFields returns a reader of the fields of a table, which takes any quotes.
func newFields(in io.Reader, comma rune) *csv.Reader {
	if comma == ' ' {
		in, comma = &spaces{r: in}, '\t'
	}
	r := csv.NewReader(in)
	r.Comma, r.ReuseRecord, r.FieldsPerRecord, r.LazyQuotes = comma, true, -1, true
	if comma != '#' {
		r.Comment = '#'
	}
	return r
}

// likelyComma is the delimiter that makes rows of one width, the most numbers of it, and of several such the most usual.
func likelyComma(lines []string, fallback rune) rune {
	best, bestScore := fallback, 0.0
	for _, comma := range []rune{',', '\t', ';', '|', ' '} {
		records := recordsOf(lines, comma)
		width, share := usualWidth(records)
		if width < 2 || share < 0.9 {
			continue
		}
		numbers, fields := 0, 0
		for _, r := range records {
			for _, f := range r {
				fields++
				if k := cellOf(f, '.'); k != cellText || comma != ',' && cellOf(f, ',') != cellText {
					numbers++
				}
			}
		}
		// Numbers say most; where they say nothing, the order above and the ending's own delimiter.
		score := 1 + float64(numbers)/float64(fields)
		if share == 1 { // the header among them
			score++
		}
		if comma == fallback {
			score += 0.02
		}
		if score > bestScore+0.01 {
			best, bestScore = comma, score
		}
	}
	return best
}

// usualWidth is the number of fields that most records have, and their share.
func usualWidth(records [][]string) (width int, share float64) {
	count := map[int]int{}
	for _, r := range records {
		count[len(r)]++
	}
	for w, n := range count {
		if n > count[width] || n == count[width] && w > width {
			width = w
		}
	}
	if len(records) == 0 {
		return 0, 0
	}
	return width, float64(count[width]) / float64(len(records))
}

// mostTitles is how many lines may stand before a table.
const mostTitles = 20

// skipTitles leaves out the lines before the first of the usual width, where they are not rows.
func (d *dialect) skipTitles(records [][]string) [][]string {
	usual, _ := usualWidth(records)
	d.width = usual
	first := slices.IndexFunc(records, func(r []string) bool { return len(r) == usual })
	oneShort := first == 1 && len(records[0]) == usual-1 && !slices.ContainsFunc(records[0], isNumberText) && !d.isHeader(records[1], records[2:])
	if first <= 0 || first > mostTitles || oneShort { // R leaves the name of its row names out
		return records
	}
	if slices.ContainsFunc(records[:first], func(r []string) bool { return !slices.ContainsFunc(r, isTitleText) }) {
		d.width = len(records[0])
		return records // a row of numbers that is too short or too long is a fault, not a title
	}
	d.banner = strings.Join(records[0], string(d.comma))
	d.titles = first
	return records[first:]
}

func isNumberText(f string) bool { return cellOf(f, '.') == cellNumber }
func isTitleText(f string) bool  { return cellOf(f, '.') == cellText }

// findDecimal tells a decimal comma by the fields that are numbers with it: more than with a point, which may be of
// thousands beside it, or as many and most of them with a comma.
func (d *dialect) findDecimal(records [][]string, asked string) {
	if asked != "" {
		d.mark = asked[0]
	}
	if d.comma == ',' {
		return
	}
	more, commas := 0, 0 // than with points
	for _, r := range records {
		for _, f := range r {
			if !strings.ContainsAny(f, ",.") {
				continue
			}
			withComma, withPoint := cellOf(f, ',') == cellNumber, isNumberText(f)
			switch {
			case withComma && !withPoint:
				more++
			case withPoint && !withComma:
				more--
			}
			switch {
			case withComma && strings.Contains(f, ","):
				commas++
			case withPoint && strings.Contains(f, "."):
				commas--
			}
		}
	}
	d.points = more < 0
	if asked == "" && (more > 0 || more == 0 && commas > 0) {
		d.mark = ','
	}
}

// findHeader decides whether the first record, or the comment before it, names the columns.
func (d *dialect) findHeader(records [][]string, comment string, how *Reading) {
	first, body := records[0], records[1:]
	d.sample = records
	take := func(why string) {
		d.header, d.names, d.why, d.sample = slices.Clone(first), true, why, body
		switch {
		case len(first) != d.width-1:
		case allEndEmpty(body): // every row ends with a delimiter
			d.header = append(d.header, "")
		default:
			d.header = append([]string{""}, first...)
		}
	}
	switch {
	case how.Header == "no":
	case how.Header == "yes":
		take("")
	case how.As != nil && slices.ContainsFunc(how.As.Columns, func(c Column) bool { return c.Name != "" && slices.Contains(first, c.Name) }):
		take("")
	case d.isHeader(first, body):
		take("")
	case d.countsUp(first, body):
		take("it counts up by one from " + first[0])
	case d.namesRun(first, body):
		take("it counts up by one behind " + first[0])
	default:
		d.header = d.commentHeader(comment)
	}
}

// allEndEmpty says whether the last field of every record is empty.
func allEndEmpty(records [][]string) bool {
	return len(records) > 0 && !slices.ContainsFunc(records, func(r []string) bool { return r[len(r)-1] != "" })
}

// commentHeader are the names in a comment of as many words as there are columns, nil where it has others.
func (d *dialect) commentHeader(comment string) []string {
	if comment == "" {
		return nil
	}
	names := recordsOf([]string{strings.TrimSpace(strings.TrimLeft(comment, "# "))}, d.comma)
	if len(names) != 1 || len(names[0]) != d.width || !slices.ContainsFunc(names[0], isTitleText) {
		return nil
	}
	return names[0]
}

// isHeader says whether a record is text where those below it are numbers, or, where all is text, none of what is below.
func (d *dialect) isHeader(first []string, body [][]string) bool {
	if len(first) == d.width-1 {
		return len(body) > 0
	}
	if len(body) == 0 {
		return !slices.ContainsFunc(first, isNumberText)
	}
	numeric, texts, repeated := 0, 0, false
	for j, name := range first {
		kind := cellOf(name, d.mark)
		numbers, below := 0, 0
		for _, r := range body {
			if j >= len(r) || cellOf(r[j], d.mark) == cellMissing {
				continue
			}
			below++
			if cellOf(r[j], d.mark) == cellNumber {
				numbers++
			}
			repeated = repeated || r[j] == name
		}
		if below > 0 && 10*numbers >= 9*below || below == 0 && kind == cellText {
			numeric++
			if kind == cellText {
				texts++
			}
		}
	}
	if numeric > 0 {
		return texts > 0
	}
	return len(body) > 0 && !repeated && !slices.ContainsFunc(first, isNumberText)
}

// countsUp says whether a record is 0, 1, 2 or 1, 2, 3 and so on, as the columns of an array are named, above other rows.
func (d *dialect) countsUp(first []string, body [][]string) bool {
	start, ok := atoi(first[0])
	if !ok || start != 0 && start != 1 || len(first) < 2 || len(body) == 0 {
		return false
	}
	for j, f := range first {
		if n, ok := atoi(f); !ok || n != start+j {
			return false
		}
	}
	if slices.ContainsFunc(body, func(r []string) bool { return slices.Equal(r, first) }) {
		return false
	}
	fractions := slices.ContainsFunc(body[0], func(f string) bool { return strings.ContainsRune(f, rune(d.mark)) })
	return fractions || len(first) > 2 && !isRun(body[0])
}

// namesRun says whether a record is texts that do not come again and then numbers that go up by one, as years do, above
// rows that do not.
func (d *dialect) namesRun(first []string, body [][]string) bool {
	texts := slices.IndexFunc(first, func(f string) bool { return cellOf(f, d.mark) != cellText })
	if texts < 1 || len(first)-texts < 2 || len(body) == 0 || !isRun(first[texts:]) {
		return false
	}
	return !slices.ContainsFunc(body, func(r []string) bool {
		return len(r) != len(first) || isRun(r[texts:]) || slices.ContainsFunc(first[:texts], func(f string) bool { return slices.Contains(r, f) })
	})
}

// isRun says whether whole numbers go up by one.
func isRun(record []string) bool {
	start, ok := atoi(record[0])
	for j, f := range record {
		n, is := atoi(f)
		ok = ok && is && n == start+j
	}
	return ok
}
