package data

import (
	"encoding/binary"
	"math/bits"
)

// sip is SipHash-2-4 under the key k0, k1 of words, as 8 bytes each in little-endian order, and fewer than 8 bytes more.
// J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT 2012, section 2.
func sip(k0, k1 uint64, words []uint64, tail []byte) uint64 {
	v0, v1 := k0^0x736f6d6570736575, k1^0x646f72616e646f6d
	v2, v3 := k0^0x6c7967656e657261, k1^0x7465646279746573
	for _, w := range words {
		v3 ^= w
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
		v0 ^= w
	}
	last := uint64(8*len(words)+len(tail)) << 56
	for i, b := range tail {
		last |= uint64(b) << (8 * i)
	}
	v3 ^= last
	v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	v0 ^= last
	v2 ^= 0xff
	for range 4 {
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	}
	return v0 ^ v1 ^ v2 ^ v3
}

func sipRound(v0, v1, v2, v3 uint64) (uint64, uint64, uint64, uint64) {
	v0, v2 = v0+v1, v2+v3
	v1, v3 = bits.RotateLeft64(v1, 13)^v0, bits.RotateLeft64(v3, 16)^v2
	v0 = bits.RotateLeft64(v0, 32)
	v2, v0 = v2+v1, v0+v3
	v1, v3 = bits.RotateLeft64(v1, 17)^v2, bits.RotateLeft64(v3, 21)^v0
	v2 = bits.RotateLeft64(v2, 32)
	return v0, v1, v2, v3
}

// sipText is sip of the bytes of a text.
func sipText(k0, k1 uint64, text string) uint64 {
	words, tail := wordsOf(nil, []byte(text))
	return sip(k0, k1, words, tail)
}

// wordsOf appends bytes, 8 a word, and returns those that are left too.
func wordsOf(words []uint64, b []byte) ([]uint64, []byte) {
	for ; len(b) >= 8; b = b[8:] {
		words = append(words, binary.LittleEndian.Uint64(b))
	}
	return words, b
}
