package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// chance is a test that draws what it does: a few times in the gate, and for the time AEGPU_SOAK or as often as its own
// variable says where scripts/soak.sh runs it. AEGPU_SEED gives the same draws again.
type chance struct {
	*rand.Rand
	seed  uint64
	done  int
	count int
	until time.Time
	began time.Time
}

func chances(t *testing.T, variable string, few int) *chance {
	t.Helper()
	c := &chance{seed: 1, count: few, began: time.Now()}
	if text := os.Getenv("AEGPU_SOAK"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatalf("AEGPU_SOAK: %v", err)
		}
		c.until, c.seed = c.began.Add(d), rand.Uint64()
	}
	c.number(t, "AEGPU_SEED", func(n uint64) { c.seed = n })
	c.number(t, variable, func(n uint64) { c.count, c.until = int(n), time.Time{} })
	c.Rand = rand.New(rand.NewPCG(c.seed, 0))
	t.Logf("AEGPU_SEED=%d draws the same again", c.seed)
	return c
}

func (c *chance) number(t *testing.T, variable string, set func(uint64)) {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	set(n)
}

// more reports whether it is to go on.
func (c *chance) more() bool { return c.done < c.count || time.Now().Before(c.until) }

func (c *chance) took() time.Duration { return time.Since(c.began).Round(time.Millisecond) }

// lives counts what came of what was drawn.
type lives map[string]int

func (l lives) String() string {
	var all []string
	for _, k := range slices.Sorted(maps.Keys(l)) {
		all = append(all, fmt.Sprintf("%s: %d", k, l[k]))
	}
	return strings.Join(all, "; ")
}
