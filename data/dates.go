package data

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// dateForms are the forms of dates that are known, the surest first.
var dateForms = []string{"2006-01-02", "2006-01", "2006-01-02 15:04:05", "2006-01-02T15:04:05", time.RFC3339Nano, "2006-01-02 15:04", "2006-01-02T15:04",
	"2006/01/02", "2006/01/02 15:04:05", "2006/01/02 15:04", "02.01.2006", "02.01.2006 15:04", "02.01.2006 15:04:05",
	"01/02/2006", "02/01/2006", "01/02/2006 15:04:05", "02/01/2006 15:04:05", "01/02/2006 15:04", "02/01/2006 15:04",
	"01/02/2006 03:04 PM", "02/01/2006 03:04 PM", "01/02/06", "02/01/06", "02.01.06", "02-01-2006", "2 Jan 2006", "02-Jan-2006", "02-Jan-06", "Jan 2, 2006", compactDate, "2006-01-02 15:04:05-07:00", "2006-01-02 15:04:05Z07:00"}

// compactDate is the form of dates without marks, which counts where the years may be meant.
const compactDate = "20060102"

// isCompactDate says whether a whole number is such a date, of 1900 to 2100.
func isCompactDate(v float64) bool {
	if !(v >= 19000101 && v <= 21001231) {
		return false
	}
	_, err := time.Parse(compactDate, strconv.FormatFloat(v, 'f', 0, 64))
	return err == nil
}

// dateForm returns the first form that all the texts have, false where there is none.
func dateForm(levels []string) (string, bool) {
	for _, form := range dateForms {
		seen := false
		fits := !slices.ContainsFunc(levels, func(text string) bool {
			if isMissing(text) {
				return false
			}
			seen = true
			_, ok := dateIn(form, text)
			return !ok
		})
		if fits && seen {
			return form, true
		}
	}
	return "", false
}

const secondsADay = 24 * 60 * 60

// dateIn reads a date in a form.
func dateIn(form, text string) (time.Time, bool) {
	t, err := time.Parse(form, text)
	return t, err == nil && (form != compactDate || t.Year() >= 1900 && t.Year() <= 2100)
}

// days returns the days since 1970-01-01 of a date in a form, or in those that dateText writes, NaN where it is none.
func days(form, text string) float64 {
	for _, form := range []string{form, time.DateOnly, time.DateTime} {
		if t, ok := dateIn(form, text); ok {
			return float64(t.Unix())/secondsADay + float64(t.Nanosecond())/(1e9*secondsADay)
		}
	}
	return math.NaN()
}

// dateExample is a date in a form, whose day and month cannot be taken for each other.
func dateExample(form string) string {
	return time.Date(2024, time.December, 31, 0, 0, 0, 0, time.UTC).Format(cmp.Or(form, time.DateOnly))
}

// formAs finds the form of a column of dates, that of the training where all its texts have it.
func (f *frame) formAs(j int, c Column, src *Source) (string, error) {
	levels := presentLevels(f.fields[j].texts)
	if !slices.ContainsFunc(levels, func(text string) bool { return math.IsNaN(days(c.Form, text)) }) {
		return c.Form, nil
	}
	form, ok := dateForm(levels)
	if !ok {
		return "", &Error{Path: f.path, Column: j + 1, Field: c.Name, Msg: "expected dates of one form, such as " + dateExample(c.Form)}
	}
	if c.Form != "" {
		src.doubt("%s: dates such as %s: the training's were such as %s", f.title(j), dateExample(form), dateExample(c.Form))
	}
	f.doubtDate(j, form, src)
	return form, nil
}

// dateText returns days since 1970-01-01 as a date, with the time of day to the second where there is one.
func dateText(days float64) string {
	if math.Abs(days) > 1e6 { // beyond year 4700
		return strconv.FormatFloat(days, 'g', -1, 64)
	}
	t := time.Unix(int64(math.Round(days*secondsADay)), 0).UTC()
	if t.Unix()%secondsADay == 0 {
		return t.Format(time.DateOnly)
	}
	return t.Format(time.DateTime)
}

// doubtDate names a column whose dates of that form may have their days first as well.
func (f *frame) doubtDate(j int, form string, src *Source) {
	if !strings.HasPrefix(form, "01/02/") {
		return
	}
	turned := "02/01/" + form[len("01/02/"):]
	if !slices.ContainsFunc(presentLevels(f.fields[j].texts), func(text string) bool {
		_, err := time.Parse(turned, text)
		return err != nil
	}) {
		src.doubt("dates whose month may be first or second: %s: taken as first; dates such as 2024-12-31 leave no doubt", f.title(j))
	}
}
