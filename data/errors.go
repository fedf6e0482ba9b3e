package data

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"
)

// Error says that what was asked for, or the file it names, is wrong, as opposed to a failure of the machine.
// Fields that do not apply are zero. Find it with errors.As; a missing file also answers errors.Is(err, fs.ErrNotExist).
type Error struct {
	Path   string // the file, folder or name that was asked for; "file.npz/X" for an array inside an archive
	Line   int    // line of a text file, from 1
	Row    int    // row of an array, from 1
	Column int    // column of a table or array, from 1
	Field  string // the column's name, where it has one
	Offset int64  // byte of the file, after unpacking where it is packed
	Msg    string // what is wrong and what was expected
	Err    error  // the cause, for errors.Is; its text is not printed
}

// Error is one line: the path, the place, the message.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Path)
	for _, p := range []struct {
		name string
		at   int64
	}{{"line", int64(e.Line)}, {"row", int64(e.Row)}, {"column", int64(e.Column)}, {"byte", e.Offset}} {
		if p.at == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(": ")
		}
		fmt.Fprintf(&b, "%s %d", p.name, p.at)
		if p.name == "column" && e.Field != "" {
			fmt.Fprintf(&b, " (%q)", e.Field)
		}
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	b.WriteString(e.Msg)
	return b.String()
}

// Unwrap returns the cause, nil where there is none.
func (e *Error) Unwrap() error { return e.Err }

// wrong makes an Error about a path as a whole.
func wrong(path, format string, args ...any) *Error {
	return &Error{Path: path, Msg: fmt.Sprintf(format, args...)}
}

// pathError turns the system's refusal to open or create path into an Error where the user can mend it, and leaves
// the machine's own failures as they are.
func pathError(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Error{Path: path, Msg: "no such file or folder", Err: err}
	case errors.Is(err, fs.ErrPermission):
		return &Error{Path: path, Msg: "permission denied", Err: err}
	}
	// The rest of what a wrong path can be; other numbers mean that the machine failed.
	user := []syscall.Errno{syscall.ENOTDIR, syscall.EISDIR, syscall.ENAMETOOLONG, syscall.ELOOP, syscall.EINVAL}
	var no syscall.Errno
	if errors.As(err, &no) && slices.Contains(user, no) {
		return &Error{Path: path, Msg: no.Error(), Err: err}
	}
	return err
}
