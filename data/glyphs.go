package data

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/image/font/sfnt"
)

// The built-in data set: digits in the faces of Go's own fonts, each one stretched, slanted, turned, moved and drawn
// with a stroke of its own weight.
const (
	GlyphsTrain = 60000 // rows of the training part
	GlyphsTest  = 10000 // rows of the test part

	glyphSide   = 28 // pixels
	glyphDigits = 10
	glyphSeed   = 0x676c79706873 // "glyphs"
	glyphBatch  = 512            // rows between looks at the context
)

// Glyphs draws the first rows of builtin:glyphs, at most GlyphsTrain and GlyphsTest: grey images of 28x28 with the digit
// as label. Row i of a part depends on nothing but i, so that they are the same bytes on every machine, for any number
// of rows asked for and of processors. No test rows give no test part. The error is the context's.
func Glyphs(ctx context.Context, train, test int) (*Source, error) {
	fields, err := glyphFields()
	if err != nil {
		return nil, err
	}
	sets := []*Set{
		newGlyphs("train", min(max(train, 0), GlyphsTrain)),
		newGlyphs("test", min(max(test, 0), GlyphsTest)),
	}
	for part, s := range sets {
		inParallel((s.Rows+glyphBatch-1)/glyphBatch, func(batch int) {
			for i := batch * glyphBatch; i < min((batch+1)*glyphBatch, s.Rows) && ctx.Err() == nil; i++ {
				s.Labels[i] = drawGlyph(s.U8[i*s.Cols:(i+1)*s.Cols], fields, uint64(part), uint64(i))
			}
		})
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if sets[1].Rows == 0 {
		return &Source{Train: sets[0]}, nil
	}
	return &Source{Train: sets[0], Test: sets[1]}, nil
}

// newGlyphs is a part before anything is drawn.
func newGlyphs(part string, rows int) *Set {
	s := &Set{Name: "builtin:glyphs/" + part, Rows: rows, Cols: glyphSide * glyphSide,
		Height: glyphSide, Width: glyphSide, Channels: 1,
		U8: make([]uint8, rows*glyphSide*glyphSide), Labels: make([]int32, rows)}
	for d := range glyphDigits {
		s.Classes = append(s.Classes, string(rune('0'+d)))
	}
	return s
}

// glyphFields computes the field of every digit in every face, digit by digit within a face.
func glyphFields() ([]*field, error) {
	faces := glyphFonts()
	fields := make([]*field, len(faces)*glyphDigits)
	errs := make([]error, len(faces))
	inParallel(len(faces), func(i int) {
		face, err := sfnt.Parse(faces[i])
		var buf sfnt.Buffer
		for d := 0; d < glyphDigits && err == nil; d++ {
			fields[i*glyphDigits+d], err = digitField(face, &buf, d)
		}
		errs[i] = err
	})
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return fields, nil
}

// inParallel calls do(0) to do(n-1), on as many goroutines as there are processors to run them.
func inParallel(n int, do func(int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
}

// one is the number 1 in the 16.16 fixed point of the transforms.
const one = 1 << 16

// distortion maps pixels to texels: (u, v) = origin + x*(ux, vx) + y*(uy, vy), all 16.16.
type distortion struct {
	u, v, ux, vx, uy, vy int64
	gain                 int64 // grey levels per unit of distance, 16.16
	weight               int64 // units by which the stroke is thickened
}

// spread draws from the triangular distribution on (-most, most): the small distortions are the common ones.
func spread(rng *rand.PCG, most int64) int64 {
	bits := rng.Uint64()
	a, b := int64(bits>>48), int64(bits>>32&0xffff)
	return (a - b) * most >> 16
}

// distort draws a distortion. Its map goes from the picture back to the glyph: moved back, turned, slanted, stretched.
func distort(rng *rand.PCG) distortion {
	const texels = one * 24 / 10 // a pixel of a digit of common size
	size := texels + spread(rng, texels*20/100)
	wide := size + spread(rng, size*20/100)
	slant := spread(rng, one*30/100)
	half := spread(rng, one*17/100) // the tangent of half the angle, which goes to 19 degrees
	dx, dy := spread(rng, 2*one), spread(rng, 2*one)
	weight := fieldUnit/4 + spread(rng, fieldUnit*5/4)

	// cos = (1-t^2)/(1+t^2) and sin = 2t/(1+t^2) need no function of the processor's.
	t2 := half * half >> 16
	cos, sin := (one-t2)*one/(one+t2), 2*half*one/(one+t2)
	d := distortion{
		ux: (cos + slant*sin>>16) * wide >> 16, uy: (slant*cos>>16 - sin) * wide >> 16,
		vx: sin * size >> 16, vy: cos * size >> 16,
		weight: weight,
	}
	// The middle of the picture, moved, falls on the middle of the field; samples are taken at the middle of pixels
	// and of texels.
	x, y := int64(glyphSide-1)*one/2+dx, int64(glyphSide-1)*one/2+dy
	d.u = (fieldSize-1)*one/2 - (x*d.ux+y*d.uy)>>16
	d.v = (fieldSize-1)*one/2 - (x*d.vx+y*d.vy)>>16
	// From black to white over one pixel, which is (wide+size)/2 texels.
	d.gain = 255 * one * one / ((wide + size) / 2 * fieldUnit)
	return d
}

// drawGlyph draws row i of a part into dst (28x28) and returns its digit.
func drawGlyph(dst []uint8, fields []*field, part, i uint64) int32 {
	rng := rand.NewPCG(glyphSeed+part, i)
	pick := rng.Uint64()
	digit := int(pick >> 32 * glyphDigits >> 32)
	face := int(pick & 0xffffffff * uint64(len(fields)/glyphDigits) >> 32)
	f := fields[face*glyphDigits+digit]
	d := distort(rng)
	for y := range glyphSide {
		u, v := d.u+int64(y)*d.uy, d.v+int64(y)*d.vy
		row := dst[y*glyphSide:][:glyphSide]
		for x := range row {
			row[x] = f.grey(u, v, d.gain, d.weight)
			u += d.ux
			v += d.vx
		}
	}
	return int32(digit)
}

// grey is the grey level at texel (u, v): black outside the glyph, white inside, and rising between over one pixel.
func (f *field) grey(u, v, gain, weight int64) uint8 {
	if uint64(u-f.u0) >= f.un || uint64(v-f.v0) >= f.vn {
		return 0
	}
	at := v>>16*fieldSize + u>>16
	fu, fv := u&(one-1), v&(one-1)
	a, b := int64(f.dist[at]), int64(f.dist[at+1])
	c, e := int64(f.dist[at+fieldSize]), int64(f.dist[at+fieldSize+1])
	top, low := a*one+(b-a)*fu, c*one+(e-c)*fu
	dist := (top + (low-top)>>16*fv) >> 16
	level := (128*one + (dist+weight)*gain) >> 16
	return uint8(min(max(level, 0), 255))
}
