package train

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/settings"
)

// TestOldCheckpointIsRefused finds a run of commit c4e7ac7: its settings are read, its
// checkpoint is refused by its version, and the directory is left as it was.
func TestOldCheckpointIsRefused(t *testing.T) {
	dir := t.TempDir()
	before := map[string][]byte{}
	for _, name := range []string{ConfigFile, CheckpointFile} {
		text, err := os.ReadFile(filepath.Join("testdata", "c4e7ac7", name))
		if err != nil {
			t.Fatal(err)
		}
		before[name] = text
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	c, err := settings.ReadConfig(strings.NewReader(string(before[ConfigFile])))
	if err != nil {
		t.Fatal(err)
	}
	source, err := data.Open(t.Context(), filepath.Join("..", "model", "testdata", "c4e7ac7", "waves.csv"))
	if err != nil {
		t.Fatal(err)
	}
	sets, err := Divide(source, c)
	if err != nil {
		t.Fatal(err)
	}
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	_, err = Run(t.Context(), dev, c, sets, Options{Dir: dir, Resume: true})
	var request *RequestError
	if !errors.As(err, &request) || !strings.Contains(err.Error(), "version 1") || !strings.Contains(err.Error(), CheckpointFile) {
		t.Errorf("got %v", err)
	}
	for name, want := range before {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != string(want) {
			t.Errorf("%s was changed, %v", name, err)
		}
	}
}
