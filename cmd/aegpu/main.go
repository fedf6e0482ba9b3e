// Command aegpu trains autoencoders.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if err := enoughFiles(); err != nil {
		fmt.Fprintf(os.Stderr, "aegpu: %v\n", err)
		os.Exit(1)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		first := <-signals
		cancel(signalError{first})
		second := <-signals
		os.Exit(signalCode(second))
	}()
	os.Exit(run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr))
}
