package dist

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"testing"
)

func init() {
	roles["launches"] = func() int {
		o := LaunchOptions{Args: []string{"none"}, Env: append(os.Environ(), roleVariable+"=deaf"), Stdout: os.Stdout}
		code, _ := Launch(context.Background(), 2, o)
		return code
	}
}

// TestRanksEndWithTheirParent: their output, which they hold, ends.
func TestRanksEndWithTheirParent(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"=launches")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for range 2 {
		if line, err := lines.ReadString('\n'); line != "ready\n" {
			t.Errorf("%q, %v", line, err)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(lines); len(rest) > 0 || err != nil { // waits for the last of them
		t.Errorf("%q, %v", rest, err)
	}
	_ = cmd.Wait()
}
