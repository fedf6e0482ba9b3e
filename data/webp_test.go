package data

import (
	"encoding/base64"
	"path/filepath"
	"slices"
	"testing"
)

// Lossless WebP without alpha has three channels, as its decoder alone would not say.
func TestOpaqueWebP(t *testing.T) {
	picture, err := base64.StdEncoding.DecodeString("UklGRiAAAABXRUJQVlA4TBMAAAAvAkAAAA8wZIM8MvMfeJiAiP5HAA==") // by Pillow
	if err != nil {
		t.Fatal(err)
	}
	for alpha, want := range [][]uint8{{200, 100, 50, 0, 0, 0}, {200, 100, 50, 255, 0, 0, 0, 255}} {
		picture[24] |= byte(alpha) << 4
		s := mustRead(t, filepath.Dir(file(t, "a.webp", string(picture))), Reading{}).Train
		if s.Height != 2 || s.Width != 3 || !slices.Equal(s.U8[:len(want)], want) {
			t.Errorf("alpha %d: %d x %d x %d, %d: expected %d", alpha, s.Height, s.Width, s.Channels, s.U8[:min(8, len(s.U8))], want)
		}
	}
}
