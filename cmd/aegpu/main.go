// Command aegpu trains autoencoders.
package main

import (
	"context"
	"os"
)

func main() {
	limitHeap()
	ctx, cancel := context.WithCancelCause(context.Background())
	listen(cancel, os.Exit)
	os.Exit(run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr))
}
