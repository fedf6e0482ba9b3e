package simd

import "testing"

func TestParsePath(t *testing.T) {
	for _, name := range []string{"", "auto"} {
		if p, err := ParsePath(name); p != Best() || err != nil {
			t.Errorf("ParsePath(%q) = %v, %v", name, p, err)
		}
	}
	for _, p := range []Path{Gonum, AVX2, AVX512, NEON} {
		got, err := ParsePath(p.String())
		if p.Supported() != (err == nil) || p.Supported() && got != p {
			t.Errorf("ParsePath(%q) = %v, %v; supported: %v", p, got, err, p.Supported())
		}
	}
	if _, err := ParsePath("sse9"); err == nil {
		t.Error("an unknown path is no error")
	}
	if Path(9).Supported() {
		t.Error("an unknown path is supported")
	}
}

func TestFromEnv(t *testing.T) {
	t.Setenv("AEGPU_CPU", "gonum")
	if p, err := FromEnv(); p != Gonum || err != nil {
		t.Errorf("FromEnv = %v, %v", p, err)
	}
	t.Setenv("AEGPU_CPU", "fast")
	if _, err := FromEnv(); err == nil {
		t.Error("AEGPU_CPU=fast is no error")
	}
}
