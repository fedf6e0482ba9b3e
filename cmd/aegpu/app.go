package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aegpu/aegpu"
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/hostmemory"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/train"
	"github.com/urfave/cli/v2"
)

// streams are where a command reads and writes: results go to out, everything
// for people to err. leave, where there is one, is called with the context's error when a command that did not end in
// time is left to itself: it gives up what is the command's, and returns the error to end with.
type streams struct {
	disk     *data.Disk // of numbers that memory does not hold
	in       io.Reader
	out, err *printer
	began    time.Time   // when the command started
	unsaved  atomic.Bool // it has something to save when it is ended
	leave    atomic.Pointer[func(error) error]
	progress *progress
	group    *aegpu.Ranks  // that the process computes together with; nil where it is alone
	ranks    backend.Ranks // the same
	joined   atomic.Pointer[aegpu.Ranks]
	lost     chan error // why the ranks cannot go on
	mute     bool       // another rank speaks
	doubts   []string   // warnings of a command that succeeds: one that fails says why in a line
}

// run is the program: arguments in, exit code out.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ctx = data.WithInput(data.WithMemory(ctx, hostmemory.AskBytes), stdin)
	disk := newDisk()
	defer disk.Close()
	s := &streams{disk: disk, in: stdin, out: &printer{w: stdout, cancel: cancel}, err: &printer{w: stderr, cancel: cancel}, began: time.Now(), lost: make(chan error, 1)}
	s.progress = newProgress(s.err)
	defer s.err.show("")
	ctx = data.WithProgress(data.WithDisk(ctx, disk), s.progress.told)
	defer func() { _ = s.joined.Load().Close() }() // where it failed; that has been told
	app := newApp(s)
	args, err := flagsFirst(app, args)
	if err == nil {
		err = s.leaveRanks(s.wait(ctx, func() error { return unfaulted(func() error { return app.RunContext(ctx, args) }) }))
	}
	if err == nil {
		s.warnAll(s.doubts)
		err = s.out.failed()
	}
	if broken := s.err.failed(); err == nil && errors.Is(broken, syscall.EPIPE) {
		err = broken
	}
	if told := (*explained)(nil); train.Interrupted(err) && !errors.As(err, &told) {
		cause := context.Cause(ctx)
		if cause == nil { // that of another rank
			cause = err
		}
		err = &ended{cause, err}
	}
	if !silent(ctx, err) && !s.saidByFirst(err) {
		fmt.Fprintf(s.err, "aegpu: %s\n", inFlags(err))
	}
	return exitCode(ctx, err)
}

// temporary is the part of an error's text that names a file under its temporary
// name, which is gone when the error is read.
var temporary = regexp.MustCompile(`/?\.tmp-\w+`)

// oneLine is an error's text without line breaks, and without what a terminal would
// take for more than text.
func oneLine(err error) string { return shownLine(err.Error()) }

// shownLine is oneLine for a text.
func shownLine(text string) string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' })
	return printable(temporary.ReplaceAllString(strings.Join(lines, "; "), ""))
}

// printable is a text with a question mark for every character that cannot be shown,
// and cut where it is longer than anybody reads.
func printable(text string) string {
	const most = 1000
	shown := []rune(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != utf8.RuneError {
			return r
		}
		return '?'
	}, text))
	if len(shown) > most {
		return string(shown[:most/2]) + " ... " + string(shown[len(shown)-most/2:])
	}
	return string(shown)
}

func newApp(s *streams) *cli.App {
	app := &cli.App{
		Name:  "aegpu",
		Usage: "train autoencoders on a GPU or a CPU",
		Description: "aegpu train\n\ntrains on the built-in data on the best device there is and says what to try next.\n\n" +
			"Flags may stand before or after the arguments; --json prints one JSON object.\n\n" + exitCodes,
		Version:               version(),
		Writer:                s.out,
		ErrWriter:             s.err,
		HideHelpCommand:       true,
		CustomAppHelpTemplate: appHelp,
		ExitErrHandler:        func(*cli.Context, error) {},
		OnUsageError:          usageError,
		Action: func(c *cli.Context) error {
			return cli.ShowAppHelp(c)
		},
		Commands: []*cli.Command{
			newTrainCommand(s), newEvaluateCommand(s),
			newEncodeCommand(s), newDecodeCommand(s), newReconstructCommand(s),
			newSampleCommand(s), newInterpolateCommand(s), newScoreCommand(s), newPredictCommand(s),
			newProbeCommand(s), newPCACommand(s), newBenchCommand(s), newDevicesCommand(s), newInspectCommand(s),
			newDataCommand(s), newVersionCommand(s),
		},
	}
	s.dress(app.Commands)
	return app
}

// dress gives commands, and those below them, what all have.
func (s *streams) dress(commands []*cli.Command) {
	for _, c := range commands {
		c.Before = func(c *cli.Context) error {
			s.progress.quiet.Store(c.Bool("quiet"))
			if err := onFirstRank(c.Command.Name); err != nil {
				return err
			}
			return s.limitMemory(c)
		}
		c.OnUsageError = usageError
		c.HideHelpCommand = true
		c.CustomHelpTemplate = commandHelp
		s.dress(c.Subcommands)
	}
}

// usageError is the flag package's complaint as one of ours.
func usageError(_ *cli.Context, err error, _ bool) error {
	text := strings.NewReplacer("invalid boolean value", "expected true or false, found", "invalid value", "the value", "for flag -", "does not fit --",
		"for -", "for --", ": parse error", "").Replace(err.Error())
	return &explained{text, &requestError{err}}
}

const appHelp = `{{.Name}}: {{.Usage}}

Usage: {{.Name}} COMMAND [flags] [arguments]

Commands:{{range .VisibleCommands}}
  {{printf "%-12s" .Name}} {{.Usage}}{{end}}

{{.Description}}

"{{.Name}} COMMAND --help" tells more.
`

const commandHelp = `{{.HelpName}}: {{.Usage}}

Usage: {{.HelpName}}{{if .ArgsUsage}} {{.ArgsUsage}}{{end}} [flags]

{{.Description}}
{{with .VisibleFlagCategories}}{{range .}}
{{.Name}}
{{range .Flags}}  {{.}}
{{end}}{{end}}{{else}}
Flags
{{range .VisibleFlags}}  {{.}}
{{end}}{{end}}
` + exitCodes + "\n"
