package settings

import (
	"reflect"
	"strings"
	"testing"
)

// FuzzSet sets one setting from a text as its flag does: what is valid comes back by the
// config's own flags.
func FuzzSet(f *testing.F) {
	for _, name := range Names() {
		for _, text := range []string{"", "1", "0.5", "-1", "NaN", "1e39", "9223372036854775808", "none", "true", "vae"} {
			f.Add(name, text)
		}
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		c, err := Preset("ae")
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Set(name, text); err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Errorf("%s %q is refused without a word", name, text)
			}
			return
		}
		if name == "model" || name == "data" || name == "data-fingerprint" || c.Validate() != nil {
			return
		}
		flags, err := c.Flags()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Preset(flags[1])
		if err != nil {
			t.Fatal(err)
		}
		for i := 2; i < len(flags); i++ {
			flag, value, joined := strings.Cut(strings.TrimPrefix(flags[i], "--"), "=")
			if !joined {
				i++
				value = flags[i]
			}
			if err := again.Set(flag, value); err != nil {
				t.Fatalf("%q: %v", flags, err)
			}
		}
		if !reflect.DeepEqual(again, c) {
			t.Errorf("%q came back as %+v, was %+v", flags, again, c)
		}
	})
}
