package simd

import (
	"math"
	"unsafe"

	"github.com/aegpu/aegpu/backend"
)

// Draw is a stream of random numbers at one step, as package backend's noise contract defines
// it: element i of a tensor comes from word i%4 of Philox block (First+i)/4, First being a multiple of 4.
type Draw struct {
	Seed, Step uint64
	Stream     uint32
	First      int
}

// Words fills dst with the random words of elements at, at+1, ...
func (p Path) Words(dst []uint32, d Draw, at int) { p.fill(dst, d, at, wordNoise) }

// Normals fills dst with the standard normals of elements at, at+1, ...: backend.Normals, bit for bit.
func (p Path) Normals(dst []float32, d Draw, at int) { p.fill(asWords(dst), d, at, normalNoise) }

// noiseForm is what is made of the words.
type noiseForm uint8

const (
	wordNoise noiseForm = iota
	normalNoise
)

func asWords(x []float32) []uint32 {
	return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}

// mostWords is the longest group: 16 blocks of 4 words.
const mostWords = 64

// fill writes whole groups in place, and a beginning or end that is none through a buffer.
func (p Path) fill(dst []uint32, d Draw, at int, form noiseForm) {
	group := groupWords(p)
	keys := roundKeys(d.Seed)
	counter := [4]uint32{uint32((d.First + at) / 4), d.Stream, uint32(d.Step), uint32(d.Step >> 32)}
	skip := at % 4
	var buffer [mostWords]uint32
	for len(dst) > 0 {
		if groups := len(dst) / group; skip == 0 && groups > 0 {
			generate(p, form, &dst[0], groups, &counter, &keys)
			dst = dst[groups*group:]
			counter[0] += uint32(groups * group / 4)
			continue
		}
		generate(p, form, &buffer[0], 1, &counter, &keys)
		dst = dst[copy(dst, buffer[skip:group]):]
		counter[0] += uint32(group / 4)
		skip = 0
	}
}

// philoxKeys are the key pairs of the ten rounds.
type philoxKeys [20]uint32

func roundKeys(seed uint64) (k philoxKeys) {
	k[0], k[1] = uint32(seed), uint32(seed>>32)
	for i := 2; i < len(k); i += 2 {
		k[i], k[i+1] = k[i-2]+0x9E3779B9, k[i-1]+0xBB67AE85
	}
	return k
}

// portableNoise writes groups of one block.
func portableNoise(form noiseForm, dst *uint32, groups int, counter *[4]uint32, keys *philoxKeys) {
	seed := uint64(keys[1])<<32 | uint64(keys[0])
	step := uint64(counter[3])<<32 | uint64(counter[2])
	blocks := unsafe.Slice((*[4]uint32)(unsafe.Pointer(dst)), groups)
	for b := range blocks {
		words := backend.Philox(seed, counter[1], step, counter[0]+uint32(b))
		switch form {
		case wordNoise:
			blocks[b] = words
		case normalNoise:
			for i, z := range backend.Normals(words) {
				blocks[b][i] = math.Float32bits(z)
			}
		}
	}
}
