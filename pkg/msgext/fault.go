package msgext

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxFaults is how many faults a FormatError lists at most.
const maxFaults = 8

// FieldError is one rule that a body breaks. It has the field's JSON path, the rule and, if useful,
// a measured size. It never has the field's content.
type FieldError struct {
	Path    string // such as ExtensionList[2].Key
	Problem string // such as "empty"
}

func (e FieldError) Error() string { return e.Path + ": " + e.Problem }

// ErrFormat matches every FormatError in errors.Is.
var ErrFormat = errors.New("msgext: body breaks the contract")

// FormatError is Decode's error: the rules that the body breaks. The first eight are listed, the
// others are counted. Its text has limited length and is safe to send back.
type FormatError struct {
	Fields []FieldError
	More   int // how many faults are not listed
}

func (e *FormatError) Error() string {
	var b strings.Builder
	b.WriteString("msgext: ")
	for i, field := range e.Fields {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(field.Error())
	}
	if e.More > 0 {
		fmt.Fprintf(&b, "; and %d more", e.More)
	}
	return b.String()
}

// Is makes every FormatError an ErrFormat.
func (e *FormatError) Is(target error) bool { return target == ErrFormat }

// Unwrap gives errors.As each FieldError.
func (e *FormatError) Unwrap() []error {
	errs := make([]error, len(e.Fields))
	for i, field := range e.Fields {
		errs[i] = field
	}
	return errs
}

func (e *FormatError) add(path, problem string) {
	if len(e.Fields) == maxFaults {
		e.More++
		return
	}
	e.Fields = append(e.Fields, FieldError{path, problem})
}

// addAt is add for a field of a key-value. It builds no path for a fault that is not listed,
// because a body may have many thousands of them.
func (e *FormatError) addAt(index int, field, problem string) {
	if len(e.Fields) == maxFaults {
		e.More++
		return
	}
	e.add(listPath(index, field), problem)
}

// orNil returns e as an error, nil if nothing was added.
func (e *FormatError) orNil() error {
	if len(e.Fields) == 0 {
		return nil
	}
	found := *e // a copy, so that e stays off the heap when there are no faults
	return &found
}

func listPath(index int, field string) string {
	path := "ExtensionList[" + strconv.Itoa(index) + "]"
	if field != "" {
		path += "." + field
	}
	return path
}
