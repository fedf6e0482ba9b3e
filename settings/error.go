package settings

import (
	"fmt"
	"regexp"
)

// Error is a setting that no training can have.
type Error struct {
	Field string // of Config
	Msg   string // what is wrong with it; other fields are named as in {Val}
	Err   error  // the cause, where there is one
	Line  int    // of the file that it was read from; 0 where there is none
}

// Error returns what is wrong, in terms of fields.
func (e *Error) Error() string { return e.Words(func(field string) string { return field }) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

var fieldInMsg = regexp.MustCompile(`\{(\w+)\}`)

// Words returns what is wrong, with fields called what name makes of them.
func (e *Error) Words(name func(field string) string) string {
	text := name(e.Field)
	if e.Msg != "" {
		text += " " + fieldInMsg.ReplaceAllStringFunc(e.Msg, func(s string) string { return name(s[1 : len(s)-1]) })
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	if e.Line > 0 {
		return fmt.Sprintf("line %d: %s", e.Line, text)
	}
	return text
}

func wrong(field, format string, args ...any) *Error {
	return &Error{Field: field, Msg: fmt.Sprintf(format, args...)}
}

// UnknownError is a setting that there is none of.
type UnknownError struct {
	Name string
	Line int // of the file; 0 where there is none
}

// Error returns that the setting is unknown.
func (e *UnknownError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("line %d: unknown setting %s", e.Line, e.Name)
	}
	return "unknown setting " + e.Name
}
