package settings

import (
	"bytes"
	"strings"
	"testing"
)

func TestInitFile(t *testing.T) {
	c, err := Preset("ae")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := c.Write(&b); err != nil || strings.Contains(b.String(), "init-from") {
		t.Errorf("settings without it: %v\n%s", err, b.String())
	}
	digest := strings.Repeat("0123456789abcdef", 4)
	c.SetInitFile("runs/a@b", digest)
	b.Reset()
	if err := c.Write(&b); err != nil {
		t.Fatal(err)
	}
	again, err := ReadConfig(&b)
	if err != nil || again.Validate() != nil {
		t.Fatal(err)
	}
	if path, sum := again.InitFile(); path != "runs/a@b" || sum != digest {
		t.Errorf("%q and %q", path, sum)
	}
	if c.SetInitFile("runs/a@b", ""); c.InitFrom != "runs/a@b" {
		t.Error(c.InitFrom)
	}
	for text, pretrain := range map[string]int{"a@sha256:12": 0, "@sha256:" + digest: 0, "a\nb": 0, "a": 1} {
		c.InitFrom, c.PretrainEpochs = text, pretrain
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "InitFrom") {
			t.Errorf("%q with %d epochs of pretraining: %v", text, pretrain, err)
		}
	}
}
