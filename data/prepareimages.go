package data

import "math"

// Pictures have one scale for all pixels: a scale of each pixel's own would be that of the noise where they are alike.

// pictures says whether the rows are images for sure: they have channels, or are not as small as a short table may be.
func (s *Set) pictures() bool {
	return s.Height > 0 && allReal(s.Columns) && (s.Channels > 1 || s.Layout != LayoutPlain || min(s.Height, s.Width) >= 8)
}

// bytesAsNumbers says whether pictures have values from 0 to 255, as bytes have.
func (s *Set) bytesAsNumbers() bool {
	if !s.pictures() || s.U8 != nil {
		return false
	}
	lo, hi := s.Range()
	_, white := GreyRange(float64(lo), float64(hi))
	return lo >= 0 && hi <= 255 && white == 255
}

// fitImages notes what images are and gives pictures one scale, v/255 where they have values as bytes have and the
// choice is left to the data.
func (p *Preparation) fitImages(s *Set, asked Scaling) {
	if p.Images = s.images(); p.Images == nil {
		return
	}
	lo, hi := s.scaledRange()
	p.Images.Black, p.Images.White = GreyRange(float64(lo), float64(hi))
	if p.Shift == nil || !s.pictures() {
		return
	}
	shift, scale := 0.0, 255.0
	if asked != ScaleAuto || !s.bytesAsNumbers() {
		shift, scale = p.common(s)
	}
	for j := range p.Shift {
		p.Shift[j], p.Scale[j] = shift, scale
	}
}

// common returns the shift and the scale of all pixels together.
func (p *Preparation) common(s *Set) (shift, scale float64) {
	lo, hi, mean := columnRanges(s)
	low, high, middle := lo[0], hi[0], 0.0
	for j := range lo {
		low, high = min(low, lo[j]), max(high, hi[j])
		middle += mean[j] / float64(s.Cols)
	}
	if low == high {
		return low, 1
	}
	if p.Scaling == ScaleMinMax {
		return low, high - low
	}
	sum, row := 0.0, make([]float64, s.Cols)
	for i := range s.Rows {
		s.wideRow(row, i)
		for _, v := range row {
			d := (v - middle) / (high - low)
			sum += float64(d * d)
		}
	}
	return middle, math.Sqrt(sum/float64(s.Rows)/float64(s.Cols)) * (high - low)
}

// Alike returns the shift and the scale that all pixels of images have, false where they have none or several.
func (p *Preparation) Alike() (shift, scale float64, alike bool) {
	if p.Images == nil || p.Shift == nil {
		return 0, 1, false
	}
	for j, v := range p.Shift {
		if v != p.Shift[0] || p.Scale[j] != p.Scale[0] {
			return 0, 1, false
		}
	}
	return p.Shift[0], p.Scale[0], true
}

// checkImages refuses images of another shape than those that were fitted to, and values of 0 to 255 where those that
// were fitted to lie within [0,1].
func (p *Preparation) checkImages(s *Set) error {
	m := p.Images
	if m == nil {
		return nil
	}
	if s.Height > 0 && (s.Height != m.Height || s.Width != m.Width || s.Channels != m.Channels) {
		return wrong(s.Name, "images of %s: expected %s, as in the data that the model was trained on", s.images(), m)
	}
	if lo, hi := s.Range(); p.Scaling == ScaleNone && m.Black == 0 && m.White == 1 && (lo < -1 || hi > 2) {
		return wrong(s.Name, "images with values within [%g, %g]: expected [0, 1], as in the data that the model was trained on", lo, hi)
	}
	return nil
}
