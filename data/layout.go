package data

import (
	"fmt"
	"math"
	"slices"
)

// Layout is how an array holds the values of an image. A [Set] holds them channel last, whatever its files do.
type Layout string

// The layouts. The zero value is that of most arrays.
const (
	LayoutPlain   Layout = ""         // height x width, and of several channels height x width x channels
	LayoutHWC     Layout = "hwc"      // height x width x channels, of one channel too
	LayoutCHW     Layout = "chw"      // channels x height x width
	LayoutFlat    Layout = "flat"     // a row of numbers, channels last
	LayoutFlatCHW Layout = "flat-chw" // a row of numbers, channels first
)

// known says whether there is such a layout.
func (l Layout) known() bool {
	return slices.Contains([]Layout{LayoutPlain, LayoutHWC, LayoutCHW, LayoutFlat, LayoutFlatCHW}, l)
}

// Images is what is known of rows that are images.
type Images struct {
	Height   int    `json:"height"`
	Width    int    `json:"width"`
	Channels int    `json:"channels"` // 1 grey, 3 RGB, 4 RGB and alpha
	Layout   Layout `json:"layout,omitempty"`

	Black float64 `json:"black"` // the values that are drawn as black and as white
	White float64 `json:"white"`

	Bytes bool `json:"bytes,omitempty"` // whether the rows were bytes, prepared as v/255; what comes back is 0 to 255

	Resized bool `json:"resized,omitempty"` // whether pictures of other sizes were brought to this one
}

// String returns the shape in words, "28 x 28, grey".
func (m Images) String() string {
	names := map[int]string{1: "grey", 3: "RGB", 4: "RGB and alpha"}
	name, ok := names[m.Channels]
	if !ok {
		name = fmt.Sprintf("%d channels", m.Channels)
	}
	return fmt.Sprintf("%d x %d, %s", m.Height, m.Width, name)
}

// images returns what a set knows of its rows as images, nil where they are none.
func (s *Set) images() *Images {
	if s.Height == 0 {
		return nil
	}
	return &Images{Height: s.Height, Width: s.Width, Channels: s.Channels, Layout: s.Layout,
		Black: s.Black, White: s.White, Resized: s.resized}
}

// setImages makes the rows images of that shape; nil makes them rows of numbers.
func (s *Set) setImages(m *Images) {
	if m == nil {
		m = &Images{}
	}
	s.Height, s.Width, s.Channels, s.Layout, s.Black, s.White, s.resized = m.Height, m.Width, m.Channels, m.Layout, m.Black, m.White, m.Resized
}

// check says what is wrong with the description of images of so many numbers; "" where nothing is.
func (m *Images) check(cols int) string {
	switch {
	case min(m.Height, m.Width, m.Channels) < 1 || m.Channels > 4 || product([]int{m.Height, m.Width, m.Channels}) != cols:
		return fmt.Sprintf("%dx%dx%d images in %d columns", m.Height, m.Width, m.Channels, cols)
	case !m.Layout.known():
		return fmt.Sprintf("unknown layout %q of images", clip(string(m.Layout)))
	case !(m.Black < m.White) || m.White-m.Black-(m.White-m.Black) != 0:
		return fmt.Sprintf("images that are black at %g and white at %g: expected a finite range", m.Black, m.White)
	case m.Bytes && (m.Black != 0 || m.White != 255):
		return fmt.Sprintf("images of bytes that are black at %g and white at %g: expected 0 and 255", m.Black, m.White)
	}
	return ""
}

// GreyRange returns the values that are drawn as black and as white, of images with values within [lo, hi]: 0 and 1, or
// 0 and 255, where the values lie within them and reach far enough, else lo and hi.
func GreyRange(lo, hi float64) (black, white float64) {
	switch {
	case lo >= 0 && hi <= 1:
		return 0, 1
	case lo >= 0 && hi >= 128 && hi <= 255:
		return 0, 255
	case lo < hi:
		return lo, hi
	}
	return lo - 0.5, lo + 0.5
}

// Grey writes row i to dst (Cols values) as it is drawn: 0 for black, 1 for white.
func (s *Set) Grey(dst []float32, i int) {
	s.Row(dst, i)
	if s.IsBytes() || !(s.Black < s.White) || s.Black == 0 && s.White == 1 {
		return
	}
	for j, v := range dst[:s.Cols] {
		dst[j] = float32((float64(v) - s.Black) / (s.White - s.Black))
	}
}

// channelFirst says whether arrays of this layout have their channels first.
func (l Layout) channelFirst() bool { return l == LayoutCHW || l == LayoutFlatCHW }

// fromFirst returns, for each value of an image with its channels last, where it is in one with its channels first; nil
// where they are the same.
func fromFirst(m *Images) []int {
	if m == nil || !m.Layout.channelFirst() || m.Channels == 1 {
		return nil
	}
	area := m.Height * m.Width
	order := make([]int, 0, area*m.Channels)
	for at := range area {
		for c := range m.Channels {
			order = append(order, c*area+at)
		}
	}
	return order
}

// inverse returns the order that undoes another.
func inverse(order []int) []int {
	back := make([]int, len(order))
	for k, j := range order {
		back[j] = k
	}
	return back
}

// stored returns the rows as files of the set's layout hold them: itself, or a copy with the channels first.
func (s *Set) stored() *Set {
	order := fromFirst(s.images())
	if order == nil {
		return s
	}
	m := s.images()
	t := s.reordered(inverse(order))
	t.setImages(m)
	return t
}

// permute puts value order[k] of each row in place k, in place.
func permute[T any](values []T, order []int) {
	row := make([]T, len(order))
	for ; len(values) > 0; values = values[len(order):] {
		for k, j := range order {
			row[k] = values[j]
		}
		copy(values, row)
	}
}

// become makes rows as a file holds them the images that they are found to be.
func (s *Set) become(m *Images) error {
	s.setImages(m)
	if m != nil && !allReal(s.Columns) { // counts, of pixels
		s.Columns = columnsNamed(namesOf(s.Columns))
	}
	if order := fromFirst(m); order != nil {
		if err := s.own(); err != nil {
			return err
		}
		permute(s.U8, order)
		permute(s.F32, order)
		permute(s.F64, order)
		permute(s.Columns, order)
	}
	return nil
}

// own copies numbers that lie in the data's own file, which is not written to.
func (s *Set) own() (err error) {
	switch {
	case !s.OnDisk():
	case s.U8 != nil:
		s.U8, err = copyOf(s.disk, s.U8)
	case s.F64 != nil:
		s.F64, err = copyOf(s.disk, s.F64)
	default:
		s.F32, err = copyOf(s.disk, s.F32)
	}
	return err
}

// copyOf returns a copy of an array.
func copyOf[T number](d *Disk, v []T) ([]T, error) {
	w, err := newArray[T](d, len(v))
	copy(w, v)
	return w, err
}

// measured says whether all columns are numbers, which pixels may be taken for: of ones at the edge, 0 and 1 may be all there is.
func measured(columns []Column) bool {
	return !slices.ContainsFunc(columns, func(c Column) bool { return !c.Kind.scaled() && (c.Kind != YesNo || c.Levels != nil) })
}

// whole says whether all values are whole numbers within [0, 255], and one of them is above 1.
func (s *Set) whole() bool {
	_, hi := s.Range()
	return hi > 1 && s.wholeBytes()
}

// wholeBytes says whether all values are whole numbers within [0, 255].
func (s *Set) wholeBytes() bool {
	whole := true
	s.walk(func(_ int, block *Set) []func() {
		if !whole {
			return nil
		}
		return []func(){func() {
			for i := range block.Rows * block.Cols {
				if v := block.value(i); !(v >= 0 && v <= 255) || v != math.Trunc(v) {
					whole = false
					return
				}
			}
		}}
	})
	return whole
}
