// Package jsonwalk reads JSON value by value and strictly: no name may stand twice in an object,
// and nesting is bounded. It is for input that must be checked field by field. Decoding into a
// struct would stop at the first fault.
//
// Only strings may be damaged. A byte that is not UTF-8 is kept as it is, and a lone surrogate
// escape becomes U+FFFD. Broken counts the strings that had either. Members also accepts a name
// that stands twice, and Pass any depth as well.
//
// It accepts what jsontext accepts with AllowInvalidUTF8 (RFC 7493, except for text). Its fuzz test
// compares the two. It has its own scanner because half the time of a request was spent in
// jsontext's tokens.
package jsonwalk

import (
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Errors of reading. Others are io.ErrUnexpectedEOF where the input ends early, and
// jsontext.ErrDuplicateName. No error quotes the input.
var (
	ErrSyntax = errors.New("jsonwalk: not valid JSON")
	ErrDepth  = errors.New("jsonwalk: nested too deep")
)

// Walker stands before one value of the input. Every method that reads either moves it past that
// value or returns an error. After an error nothing more can be read.
type Walker struct {
	source   []byte
	at       int // offset of the next byte to read
	end      int // where the last complete token ended
	depth    int
	maxDepth int
	// Of the open objects, the innermost last; names for which there is no room go to a crowd.
	names   [32][]byte
	count   int // how many names are in use
	broken  int // how many strings were damaged
	texts   strings.Builder
	scratch []byte
}

// New returns a Walker before the one value that data must hold. Data must not change while it is
// read. It may change afterwards.
func New(data []byte, maxDepth int) Walker {
	return Walker{source: data, maxDepth: maxDepth}
}

// End returns ErrSyntax unless the value was the last thing in the input.
func (w *Walker) End() error {
	if w.peek(); w.at < len(w.source) {
		return ErrSyntax
	}
	return nil
}

// Offset returns where in the input the last complete token ended.
func (w *Walker) Offset() int { return w.end }

// Broken returns how many of the strings read so far are not Unicode. Names, values and strings in
// skipped values all count.
func (w *Walker) Broken() int { return w.broken }

// Kind returns the kind of the value, which its first byte tells: n, t, f, '"', 0 for a number, {,
// [. Where there is no value it returns something else, and reading then returns an error.
func (w *Walker) Kind() jsontext.Kind {
	c := w.peek()
	if c == '-' || '0' <= c && c <= '9' {
		c = '0'
	}
	return jsontext.Kind(c)
}

// Object reads an object. It calls member with each name while the Walker stands before the value.
// member must read the value, and must not keep or change the name. Two names count as one if they
// differ only in bytes that are not UTF-8.
func (w *Walker) Object(member func(name []byte) error) error {
	if err := w.open('{'); err != nil {
		return err
	}
	outer := w.count
	var others crowd
	var room []byte // memory for a name that is not kept
	for first := true; ; first = false {
		if closed, err := w.next('}', first); closed || err != nil {
			w.count = outer
			return err
		}
		before := w.end
		name, err := w.name(&room)
		if err != nil {
			return err
		}
		if w.contains(w.names[outer:w.count], name) || w.count == len(w.names) && others.add(name) {
			w.end = before
			return jsontext.ErrDuplicateName
		}
		if w.count < len(w.names) {
			w.names[w.count] = name
			w.count++
			room = nil
		}
		if err := w.colon(); err != nil {
			return err
		}
		if err := member(name); err != nil {
			return err
		}
	}
}

// name reads a name. If the name has escapes it is decoded into room.
func (w *Walker) name(room *[]byte) ([]byte, error) {
	raw, is, err := w.quoted()
	if err != nil {
		return nil, err
	}
	if is == plain {
		return raw[1 : len(raw)-1], w.took(len(raw), nil)
	}
	*room, err = w.unquoted(*room, raw, is)
	return *room, w.took(len(raw), err)
}

func (w *Walker) colon() error {
	if w.peek() != ':' {
		return w.fault()
	}
	w.at++
	return nil
}

// List reads a list. It calls element while the Walker stands before each element. element must
// read it.
func (w *Walker) List(element func(index int) error) error {
	if err := w.open('['); err != nil {
		return err
	}
	for index := 0; ; index++ {
		if closed, err := w.next(']', index == 0); closed || err != nil {
			return err
		}
		if err := element(index); err != nil {
			return err
		}
	}
}

// open moves past the opening bracket of an object or a list.
func (w *Walker) open(bracket byte) error {
	if w.peek() != bracket {
		return w.fault()
	}
	if w.depth++; w.depth > w.maxDepth {
		w.end = w.at + 1
		return ErrDepth
	}
	return w.took(1, nil)
}

// next moves to the next member or element of the innermost open object or list, or past its end.
func (w *Walker) next(bracket byte, first bool) (closed bool, err error) {
	switch c := w.peek(); {
	case c == bracket:
		w.depth--
		return true, w.took(1, nil)
	case first:
		return false, nil
	case c != ',':
		return false, w.fault()
	}
	w.at++
	if w.peek() == bracket {
		return false, ErrSyntax
	}
	return false, nil
}

// Text reads a string.
func (w *Walker) Text() (string, error) {
	raw, is, err := w.quoted()
	if err != nil {
		return "", err
	}
	if is == plain {
		return w.Keep(raw[1 : len(raw)-1]), w.took(len(raw), nil)
	}
	w.scratch, err = w.unquoted(w.scratch, raw, is)
	return w.Keep(w.scratch), w.took(len(raw), err)
}

// MendedText reads a string, with U+FFFD in place of each byte that is not UTF-8.
func (w *Walker) MendedText() (string, error) {
	raw, is, err := w.quoted()
	if err != nil || is != broken {
		return w.Text()
	}
	w.scratch, err = w.unquoted(w.scratch, raw, is)
	return mendedText(w.scratch), w.took(len(raw), err)
}

// unquoted calls unquote and counts damaged strings.
func (w *Walker) unquoted(room, raw []byte, is form) ([]byte, error) {
	text, whole, err := unquote(room, raw)
	if is == broken || !whole {
		w.broken++
	}
	return text, err
}

// Keep returns a name as a string. Kept strings share a block of memory. Its first size is a third
// of the input, because most of an event is names and skipped values.
func (w *Walker) Keep(text []byte) string {
	if w.texts.Cap()-w.texts.Len() < len(text) {
		w.texts = strings.Builder{}
		w.texts.Grow(max(len(text), len(w.source)/3))
	}
	from := w.texts.Len()
	w.texts.Write(text)
	return w.texts.String()[from:]
}

// Bytes reads a string into memory of its own.
func (w *Walker) Bytes() ([]byte, error) {
	raw, is, err := w.quoted()
	if err != nil {
		return nil, err
	}
	if is == plain {
		return append(make([]byte, 0, len(raw)-2), raw[1:len(raw)-1]...), w.took(len(raw), nil)
	}
	text, err := w.unquoted(nil, raw, is)
	return text, w.took(len(raw), err)
}

// Number reads a number and returns its text as it stands in the input.
func (w *Walker) Number() ([]byte, error) {
	length, err := number(w.source[w.at:])
	raw := w.source[w.at : w.at+length]
	return raw, w.took(length, err)
}

// Skip reads past one value of any kind. It recurses no deeper than the input may nest.
func (w *Walker) Skip() error {
	switch w.Kind() {
	case '{':
		return w.Object(func([]byte) error { return w.Skip() })
	case '[':
		return w.List(func(int) error { return w.Skip() })
	case '"':
		return w.skipText()
	case '0':
		_, err := w.Number()
		return err
	case 'n':
		return w.literal("null")
	case 't':
		return w.literal("true")
	case 'f':
		return w.literal("false")
	}
	return w.fault()
}

func (w *Walker) skipText() error {
	raw, is, err := w.quoted()
	if err == nil && is != plain {
		w.scratch, err = w.unquoted(w.scratch, raw, is)
	}
	return w.took(len(raw), err)
}

func (w *Walker) literal(text string) error {
	rest := w.source[w.at:]
	switch {
	case len(rest) >= len(text) && string(rest[:len(text)]) == text:
		return w.took(len(text), nil)
	case strings.HasPrefix(text, string(rest[:min(len(rest), len(text))])):
		return io.ErrUnexpectedEOF
	}
	return ErrSyntax
}

// peek passes over white space and returns the next byte, or 0 at the end.
func (w *Walker) peek() byte {
	if w.at < len(w.source) && w.source[w.at] > ' ' {
		return w.source[w.at]
	}
	return w.afterSpace()
}

func (w *Walker) afterSpace() byte {
	for ; w.at < len(w.source); w.at++ {
		if c := w.source[w.at]; c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return c
		}
	}
	return 0
}

// fault returns the error for the next byte.
func (w *Walker) fault() error {
	if w.at == len(w.source) {
		return io.ErrUnexpectedEOF
	}
	return ErrSyntax
}

// took moves past a token, or returns the token's error.
func (w *Walker) took(length int, err error) error {
	if err != nil {
		return err
	}
	w.at += length
	w.end = w.at
	return nil
}
