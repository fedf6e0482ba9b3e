package data

import (
	"bytes"
	"encoding/binary"
	"io"
)

// orientation returns how the pixels of a JPEG file are to be turned, 1 to 8 as in Exif's tag 0x0112, 1 where it does not
// say (CIPA DC-008, 4.6.5).
func orientation(r io.Reader) int {
	var two [2]byte
	if _, err := io.ReadFull(r, two[:]); err != nil || two != [2]byte{0xff, 0xd8} {
		return 1
	}
	for {
		var head [4]byte // marker and length
		if _, err := io.ReadFull(r, head[:]); err != nil || head[0] != 0xff || head[1] == 0xda || head[1] == 0xd9 {
			return 1
		}
		n := int(binary.BigEndian.Uint16(head[2:])) - 2
		if n < 0 {
			return 1
		}
		part := make([]byte, n)
		if _, err := io.ReadFull(r, part); err != nil {
			return 1
		}
		if tiff, ok := bytes.CutPrefix(part, []byte("Exif\x00\x00")); ok && head[1] == 0xe1 {
			return tiffOrientation(tiff)
		}
	}
}

// tiffOrientation reads the tag out of the first directory of an Exif block.
func tiffOrientation(b []byte) int {
	if len(b) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	if b[0] == 'M' {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(b[4:]))
	if at+2 > int64(len(b)) {
		return 1
	}
	entries := b[at+2:]
	for range order.Uint16(b[at:]) {
		if len(entries) < 12 {
			return 1
		}
		if v := int(order.Uint16(entries[8:])); order.Uint16(entries) == 0x0112 && v >= 1 && v <= 8 {
			return v
		}
		entries = entries[12:]
	}
	return 1
}

// turned appends an image of width x height as it is looked at.
func turned(dst, pix []byte, width, height, channels, turn int) []byte {
	if turn < 2 {
		return append(dst, pix...)
	}
	w, h := width, height // of the result
	if turn > 4 {
		w, h = h, w
	}
	for y := range h {
		for x := range w {
			u, v := x, y // where the pixel is stored
			if turn > 4 {
				u, v = y, x
			}
			switch turn {
			case 2, 3, 7, 8:
				u = width - 1 - u
			}
			switch turn {
			case 3, 4, 6, 7:
				v = height - 1 - v
			}
			at := (v*width + u) * channels
			dst = append(dst, pix[at:at+channels]...)
		}
	}
	return dst
}
