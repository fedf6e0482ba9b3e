package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"

	"github.com/nlpodyssey/safetensors"
)

// SealKey is the metadata entry of a sealed file that holds the sha256, as 64 hexadecimal digits, of the file's own
// bytes with 64 zeros in its place.
const SealKey = "aegpu.sha256"

// ErrDamaged is wrapped by the error of a file that is not as it was written.
var ErrDamaged = errors.New("the file's bytes have changed since it was written")

const sealDigits = 2 * sha256.Size

// WriteSealed writes a safetensors file that knows its own bytes: with the metadata, and its digest under [SealKey].
// The same tensors and metadata give the same bytes.
func WriteSealed(w io.Writer, tensors map[string]safetensors.TensorView, meta map[string]string) error {
	meta = maps.Clone(meta)
	meta[SealKey] = strings.Repeat("0", sealDigits)
	digest := sha256.New()
	if err := safetensors.SerializeToWriter(tensors, meta, digest); err != nil {
		return err
	}
	meta[SealKey] = hex.EncodeToString(digest.Sum(nil))
	return safetensors.SerializeToWriter(tensors, meta, w)
}

// ReadSealed returns the tensors and the metadata of a safetensors file. A file whose digest does not fit its bytes is
// refused, and one without a digest that holds one of the metadata entries sealed, which are never written without
// (both [ErrDamaged]); other files need none.
func ReadSealed(file []byte, sealed ...string) (st safetensors.SafeTensors, meta map[string]string, err error) {
	digits, err := checkSeal(file)
	if err != nil {
		return st, nil, err
	}
	if st, err = safetensors.Deserialize(file); err != nil {
		return st, nil, fmt.Errorf("not a whole safetensors file: %w", err)
	}
	_, header, err := safetensors.ReadMetadata(file)
	if err != nil {
		return st, nil, err
	}
	meta = header.Metadata()
	if meta[SealKey] != digits {
		return st, nil, ErrDamaged
	}
	for _, key := range sealed {
		if _, ok := meta[key]; ok && digits == "" {
			return st, nil, fmt.Errorf("%w: its digest is gone", ErrDamaged)
		}
	}
	return st, meta, nil
}

// checkSeal returns the digits of the digest in a file's header, which fit the file; "" where there are none.
func checkSeal(file []byte) (string, error) {
	if len(file) < 8 {
		return "", fmt.Errorf("not a whole safetensors file: %d bytes", len(file))
	}
	n := binary.LittleEndian.Uint64(file)
	if n > uint64(len(file)-8) {
		return "", fmt.Errorf("not a whole safetensors file: a header of %d bytes in a file of %d", n, len(file))
	}
	key := []byte(`"` + SealKey + `":"`) // within another entry's text its quotes would be escaped
	at := bytes.Index(file[8:8+n], key)
	if at < 0 {
		return "", nil
	}
	at += 8 + len(key)
	if uint64(at+sealDigits) > 8+n {
		return "", ErrDamaged
	}
	digits := string(file[at : at+sealDigits])
	digest := sha256.New()
	digest.Write(file[:at])
	digest.Write(bytes.Repeat([]byte{'0'}, sealDigits))
	digest.Write(file[at+sealDigits:])
	if hex.EncodeToString(digest.Sum(nil)) != digits {
		return "", ErrDamaged
	}
	return digits, nil
}
