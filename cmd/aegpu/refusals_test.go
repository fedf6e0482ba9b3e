package main

import (
	"bufio"
	"maps"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// refusal is a request that is wrong in one way: its exit code, a part of its message
// and its words.
type refusal struct {
	line int
	code int
	want string
	args []string
}

// refusals reads testdata/refusals.txt.
func refusals(t *testing.T) (all []refusal) {
	t.Helper()
	f, err := os.Open("testdata/refusals.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		text := lines.Text()
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		parts := strings.SplitN(text, " | ", 3)
		if len(parts) != 3 {
			t.Fatalf("testdata/refusals.txt: line %d: expected code | message | words", n)
		}
		code, err := strconv.Atoi(strings.TrimSpace(parts[0]))
		if err != nil {
			t.Fatalf("testdata/refusals.txt: line %d: %v", n, err)
		}
		all = append(all, refusal{n, code, strings.TrimSpace(parts[1]), words(parts[2])})
	}
	return all
}

// words are those of a request, parted at spaces; ' quotes what has some.
func words(text string) (all []string) {
	quoted, begun, word := false, false, ""
	for _, r := range text {
		switch {
		case r == '\'':
			quoted, begun = !quoted, true
		case r == ' ' && !quoted:
			if begun {
				all = append(all, word)
			}
			begun, word = false, ""
		default:
			begun, word = true, word+string(r)
		}
	}
	if begun {
		all = append(all, word)
	}
	return all
}

// Every request of the table is refused with its exit code and one line for people that
// says what is wrong; nothing is printed as a result and nothing is written.
func TestRefusals(t *testing.T) {
	all := refusals(t)
	if len(all) < 300 {
		t.Errorf("%d requests: expected 300 or more", len(all))
	}
	t.Chdir(t.TempDir())
	fixtures(t)
	before := snapshot(t)
	for _, c := range all {
		if os.Getuid() == 0 && strings.Contains(strings.Join(c.args, " "), "secret") {
			continue // root may read everything
		}
		o := command(t.Context(), c.args...)
		said := "line " + strconv.Itoa(c.line) + ": aegpu " + strings.Join(c.args, " ")
		if o.code != c.code || !strings.Contains(o.err, c.want) {
			t.Errorf("%.200s: exit %d: %swant %d: %s", said, o.code, o.err, c.code, c.want)
		}
		if o.out != "" {
			t.Errorf("%.200s printed %.200s", said, o.out)
		}
		checkForPeople(t, said, o.err)
		if after := snapshot(t); !maps.Equal(before, after) {
			t.Errorf("%.200s wrote something", said)
			before = after
		}
	}
}

// checkForPeople demands that what was said ends with the one line that says what is
// wrong, in few enough words to be read.
func checkForPeople(t *testing.T, what, said string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(said, "\n"), "\n")
	last := lines[len(lines)-1]
	if !strings.HasPrefix(last, "aegpu: ") || strings.Count(said, "aegpu: ") != 1 || strings.Contains(said, "goroutine") || utf8.RuneCountInString(last) > 1100 {
		t.Errorf("%.200s: not one line for people: %.1000s", what, said)
	}
	for _, r := range last {
		if r < ' ' || r == 0x7f || r == '\ufffd' {
			t.Errorf("%.200s: unprintable characters: %.500q", what, last)
			break
		}
	}
}
