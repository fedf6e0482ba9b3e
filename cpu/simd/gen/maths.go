package main

import (
	"math"

	. "github.com/mmcloughlin/avo/operand"
)

// arith is an instruction set's arithmetic on vectors of float32 or int32 lanes. Its methods return fresh registers.
type arith interface {
	bits(b uint32) Op // every lane
	add(a, b Op) Op
	sub(a, b Op) Op
	mul(a, b Op) Op
	div(a, b Op) Op
	sqrt(a Op) Op
	fma(a, b, c Op) Op    // a*b + c with one rounding
	fnma(a, b, c Op) Op   // c - a*b with one rounding
	fms(a, b, c Op) Op    // a*b - c with one rounding
	horner(p, z, k Op) Op // p*z + k with one rounding; p is used up
	and(a, b Op) Op
	xor(a, b Op) Op
	or(a, b Op) Op
	least(limit, x Op) Op // a NaN in x comes through
	most(limit, x Op) Op
	iadd(a, b Op) Op
	isub(a, b Op) Op
	shl(a Op, n uint64) Op
	shr(a Op, n uint64) Op
	sar(a Op, n uint64) Op
	float(a Op) Op // of int32 lanes
	copy(a Op) Op
	pick(rel relation, a, b, yes, no Op) Op // yes where a rel b, otherwise no
	onSign(x, yes, no Op) Op                // yes where x's top bit is set, otherwise no
	timesPower(y, n, t Op) Op               // y * 2^n of reduce's n and t; y is used up
}

// relation is a predicate of VCMPPS, without signals.
type relation uint64

const (
	lessThan    relation = 0x11
	equal       relation = 0x00
	greaterThan relation = 0x1e
	notAtLeast  relation = 0x19 // also true for NaN
)

// maths is what is made of the arithmetic, the same for every instruction set.
type maths struct{ arith }

// loop is the body of an elementwise loop: its operands are []float32 of one length and scalars.
type loop struct {
	maths
	operands
}

type operands interface {
	load(slice string) Op
	store(x Op, slice string)
	scalar(i int) Op // every lane
	keep(x Op) Op    // x with the lanes outside the slices set to 0
}

// target writes whole loops.
type target interface {
	// each writes a loop over the named slices.
	each(name string, slices []string, scalars int, body func(loop))
	// eachFlushed writes one for which subnormal numbers are 0, those that it reads and those that it makes.
	eachFlushed(name string, slices []string, scalars int, body func(loop))
	// sum writes a loop that adds f's values, or their squares, into 16 lanes in float64.
	sum(name string, slices []string, scalars int, f func(loop) Op, form sumForm)
	// noise writes a loop over groups of Philox blocks, finish being what is made of their words.
	noise(name string, finish func(maths, []Op) []Op)
	// others writes the loops that are not elementwise.
	others()
}

// num is every lane = x, rounded to float32.
func (v maths) num(x float64) Op { return v.bits(math.Float32bits(float32(x))) }

// polynomial has these coefficients, highest first. Its even and its odd powers are summed side by
// side by Horner's rule in x^2: a single chain of dependent sums would leave the units idle.
func (v maths) polynomial(x Op, coefficients ...float64) Op {
	z := v.mul(x, x)
	n := len(coefficients)
	first, second := v.num(coefficients[0]), v.num(coefficients[1])
	for i := 2; i < n; i++ {
		p := &first
		if i%2 == 1 {
			p = &second
		}
		*p = v.horner(*p, z, v.num(coefficients[i]))
	}
	if n%2 == 0 { // first ends in the odd powers
		return v.fma(first, x, second)
	}
	return v.fma(second, x, first)
}

func (v maths) abs(a Op) Op  { return v.and(a, v.bits(0x7fffffff)) }
func (v maths) neg(a Op) Op  { return v.xor(a, v.bits(0x80000000)) }
func (v maths) sign(a Op) Op { return v.and(a, v.bits(0x80000000)) }
