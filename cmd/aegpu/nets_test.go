package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/bench"
	"github.com/aegpu/aegpu/settings"
	"github.com/urfave/cli/v2"
)

// The nets that are timed are printed with the flags that make them.
func TestBenchNets(t *testing.T) {
	var printed map[string]struct {
		Flags string `json:"aegpu"`
	}
	if err := json.Unmarshal([]byte(must(t, "bench", "--nets").out), &printed); err != nil {
		t.Fatal(err)
	}
	if len(printed) != len(bench.Nets) {
		t.Errorf("%d nets are printed of %d", len(printed), len(bench.Nets))
	}
	for _, n := range bench.Nets {
		want, err := n.Config()
		if err != nil {
			t.Fatal(err)
		}
		var got settings.Config
		app := &cli.App{Flags: settingFlags(), Action: func(c *cli.Context) (err error) {
			got, err = readConfig(c, "")
			return err
		}}
		if err := app.Run(append([]string{"aegpu"}, strings.Fields(printed[n.Name].Flags)...)); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("net %s: %s makes\n%+v, want\n%+v", n.Name, printed[n.Name].Flags, got, want)
		}
	}
}

// What has no effect on the printed nets is refused.
func TestBenchNetsAlone(t *testing.T) {
	for _, args := range [][]string{{"--model", "vae"}, {"--batch", "3"}, {"extra"}} {
		if r := command(t.Context(), append([]string{"bench", "--nets"}, args...)...); r.code != 2 || r.out != "" {
			t.Errorf("%v: exit code %d, %q is printed", args, r.code, r.out)
		}
	}
	must(t, "bench", "--nets", "--json")
}
