// Command aegpu trains autoencoders.
package main

import (
	"context"
	"fmt"
	"os"
)

func main() {
	if err := enoughFiles(); err != nil {
		fmt.Fprintf(os.Stderr, "aegpu: %v\n", err)
		os.Exit(1)
	}
	if err := limitHeap(); err != nil {
		fmt.Fprintf(os.Stderr, "aegpu: %v\n", err)
		os.Exit(3)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	listen(cancel, os.Exit)
	os.Exit(run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr))
}
