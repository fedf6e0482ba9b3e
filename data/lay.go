package data

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
)

// lay finds out which rows are images, brings them to channels last and says so. Bytes that are no images become numbers.
func (s *Source) lay(ctx context.Context, how *Reading) error {
	for _, set := range []*Set{s.Train, s.Val, s.Test} {
		if set == nil {
			continue
		}
		l := laying{s: set, dims: set.dims, how: how}
		set.dims = nil
		if l.dims == nil && set.Height > 0 {
			if how.Layout != "" && how.Layout != "auto" {
				return &ReadingError{"Layout", fmt.Sprintf("is %s, but %s holds pictures, whose layout is known: expected auto", how.Layout, set.Name)}
			}
			continue
		}
		if l.dims == nil {
			l.dims = []int{set.Cols}
		}
		images, err := l.images()
		if err != nil {
			return err
		}
		if err := set.become(images); err != nil {
			return err
		}
		if set.facts() == nil {
			set.learn() // others than were read
		}
		if images != nil && !set.seen {
			set.measure()
		}
		if err := set.numbers(ctx); err != nil {
			return err
		}
		if set != s.Train {
			continue
		}
		s.Found, s.Doubts = append(s.Found, l.found...), append(s.Doubts, l.doubts...)
		if images != nil || set.seen {
			continue
		}
		if side := l.side(); side > 0 {
			s.doubt("%s: whole numbers 0 to 255 in %d columns, a square number: these may be images; --layout %dx%d takes them for that",
				set.Name, set.Cols, side, side)
		}
	}
	return nil
}

// numbers makes numbers of bytes that are no images.
func (s *Set) numbers(ctx context.Context) error {
	if s.U8 == nil || s.Height > 0 {
		return nil
	}
	bytes := s.U8
	if err := s.unbyte(ctx); err != nil {
		return err
	}
	release(s.disk, bytes)
	s.learn()
	s.known.note(func() { s.known.finite = true })
	return nil
}

// laying is finding out what the rows of a set are.
type laying struct {
	s             *Set
	dims          []int // of a row, as the file has it
	how           *Reading
	found, doubts []string
}

// side returns the side of square images that rows of numbers look like, 0 where they do not.
func (l *laying) side() int {
	side, least := int(math.Round(math.Sqrt(float64(l.s.Cols)))), 4
	if haveNames(l.s.Columns) { // pixels have none, as a rule
		least = 8
	}
	if len(l.dims) != 1 || side < least || side*side != l.s.Cols || l.how.As != nil || !measured(l.s.Columns) || !l.s.whole() {
		return 0
	}
	return side
}

// images returns what the rows are, nil where they are no images.
func (l *laying) images() (*Images, error) {
	if !measured(l.s.Columns) && l.how.Layout != "" && l.how.Layout != "auto" {
		return nil, &ReadingError{"Layout", fmt.Sprintf("is %s, but %s has columns that are no numbers: expected none", l.how.Layout, l.s.Name)}
	}
	switch l.how.Layout {
	case "", "auto":
		return l.auto(), nil
	case "rows":
		return nil, nil
	case "hwc", "chw":
		return l.named(Layout(l.how.Layout))
	}
	return l.shaped()
}

// auto tells by the shape, or by what the rows of a model were.
func (l *laying) auto() *Images {
	if l.how.As != nil && l.how.As.Images != nil && measured(l.s.Columns) {
		if m := l.as(*l.how.As.Images); m != nil {
			return m
		}
	}
	d, m, ask := l.dims, (*Images)(nil), "--layout rows, hwc or chw decides otherwise"
	switch last, first := len(d) == 3 && isChannels(d[2]), len(d) == 3 && isChannels(d[0]); {
	case len(d) == 2:
		m = &Images{Height: d[0], Width: d[1], Channels: 1}
	case last:
		m = hwc(d)
		if first {
			l.doubts = append(l.doubts, fmt.Sprintf("%s: an array of %s may have its channels first or last: taken as %s, last; --layout chw takes them as first",
				l.s.Name, dimsText(append([]int{l.s.Rows}, d...)), m))
			return m
		}
		ask = "channels last; " + ask
	case first:
		m = &Images{Height: d[1], Width: d[2], Channels: d[0], Layout: LayoutCHW}
		ask = "channels first; " + ask
	}
	if m != nil {
		l.found = append(l.found, fmt.Sprintf("rows are images of %s (%s)", m, ask))
	}
	return m
}

// as returns the images of a model where rows of these dimensions can be them.
func (l *laying) as(m Images) *Images {
	h, w, c := m.Height, m.Width, m.Channels
	try := []struct {
		dims []int
		as   Layout
	}{{m.dims(), m.Layout}, {[]int{h, w, c}, LayoutHWC}, {[]int{c, h, w}, LayoutCHW}, {[]int{h * w * c}, LayoutFlat}}
	if c == 1 {
		try = append(try, struct {
			dims []int
			as   Layout
		}{[]int{h, w}, LayoutPlain})
	}
	if m.Layout.channelFirst() {
		try[3].as = LayoutFlatCHW
	}
	for _, t := range try {
		if slices.Equal(t.dims, l.dims) {
			m.Layout = t.as
			return &m
		}
	}
	return nil
}

// named takes the dimensions as height, width and channels, or with the channels first.
func (l *laying) named(layout Layout) (*Images, error) {
	d := l.dims
	var m *Images
	switch {
	case len(d) == 3 && layout == LayoutHWC:
		m = hwc(d)
	case len(d) == 3:
		m = &Images{Height: d[1], Width: d[2], Channels: d[0], Layout: LayoutCHW}
	case len(d) == 2 && layout == LayoutHWC:
		m = &Images{Height: d[0], Width: d[1], Channels: 1}
	}
	if m == nil || !isChannels(m.Channels) {
		return nil, &ReadingError{"Layout", fmt.Sprintf("is %s, but the rows of %s are %s numbers: expected height, width and 1, 3 or 4 channels",
			layout, l.s.Name, dimsText(d))}
	}
	return m, nil
}

// shaped takes the rows as images of the size that was asked for.
func (l *laying) shaped() (*Images, error) {
	n, _ := sides(l.how.Layout, 2, 3)
	m := &Images{Height: n[0], Width: n[1], Channels: 1, Layout: LayoutFlat}
	switch {
	case len(n) == 3 && isChannels(n[2]):
		m.Channels = n[2]
	case len(n) == 3 && isChannels(n[0]):
		m = &Images{Height: n[1], Width: n[2], Channels: n[0], Layout: LayoutFlatCHW}
	case len(n) == 3:
		return nil, &ReadingError{"Layout", fmt.Sprintf("is %s: expected 1, 3 or 4 channels", l.how.Layout)}
	}
	if product(n) != l.s.Cols {
		return nil, &ReadingError{"Layout", fmt.Sprintf("is %s, %d numbers, but %s has rows of %d", l.how.Layout, product(n), l.s.Name, l.s.Cols)}
	}
	switch d := l.dims; {
	case slices.Equal(d, m.dims()):
	case slices.Equal(d, []int{m.Height, m.Width}):
		m.Layout = LayoutPlain
	case slices.Equal(d, n) && m.Layout == LayoutFlat:
		m = hwc(d)
	case slices.Equal(d, n):
		m.Layout = LayoutCHW
	default:
		return nil, &ReadingError{"Layout", fmt.Sprintf("is %s, but the rows of %s are %s numbers", l.how.Layout, l.s.Name, dimsText(d))}
	}
	return m, nil
}

// hwc is images of those dimensions.
func hwc(d []int) *Images {
	m := &Images{Height: d[0], Width: d[1], Channels: d[2]}
	if d[2] == 1 {
		m.Layout = LayoutHWC
	}
	return m
}

// dims are the dimensions of an image in an array.
func (m *Images) dims() []int {
	switch m.Layout {
	case LayoutCHW:
		return []int{m.Channels, m.Height, m.Width}
	case LayoutFlat, LayoutFlatCHW:
		return []int{m.Height * m.Width * m.Channels}
	case LayoutHWC:
		return []int{m.Height, m.Width, m.Channels}
	}
	if m.Channels > 1 {
		return []int{m.Height, m.Width, m.Channels}
	}
	return []int{m.Height, m.Width}
}

// isChannels says whether pictures have so many channels.
func isChannels(n int) bool { return n == 1 || n == 3 || n == 4 }

// dimsText is dimensions in words, "3 x 20 x 20".
func dimsText(dims []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(dims), " ", " x "), "[]")
}
