// Package jsonwalk reads JSON value by value, strictly and without recursion: no name twice
// in an object, UTF-8 only, nesting bounded. It is for input that must be judged field by field,
// where decoding into a struct would stop at the first fault.
package jsonwalk

import (
	"bytes"
	"errors"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ErrDepth is the error of input that nests deeper than allowed.
var ErrDepth = errors.New("jsonwalk: nested too deep")

// Walker stands at one value of the input. Every method that reads moves it past that value.
type Walker struct {
	dec      *jsontext.Decoder
	source   string // the input once more: texts without escapes are parts of it, not copies
	maxDepth int
	visit    func(*Walker) error
	offset   int64
	done     bool
}

// Walk stands a Walker at the one value that data must hold and calls visit, which must read it.
// It returns where in data reading ended, and visit's error or that of the input, whose text
// quotes the input and must not be shown. complete tells that the value was read, so that an error is
// about what follows it.
func Walk(data []byte, maxDepth int, visit func(*Walker) error) (offset int64, complete bool, err error) {
	w := Walker{source: string(data), maxDepth: maxDepth, visit: visit}
	err = json.Unmarshal(data, &w) // for the decoders that the library keeps warm
	return w.offset, w.done, err
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom; it is Walk's, not the caller's.
func (w *Walker) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	w.dec = dec
	err := w.visit(w)
	w.dec, w.offset, w.done = nil, dec.InputOffset(), err == nil
	return err
}

// Kind returns what the value is, by its first byte: n, t, f, '"', 0 for a number, {, [. It is
// invalid at a syntax error, which reading then returns.
func (w *Walker) Kind() jsontext.Kind { return w.dec.PeekKind() }

// Object reads an object. It calls member with each name, standing at its value, which member
// must read.
func (w *Walker) Object(member func(name string) error) error {
	if _, err := w.dec.ReadToken(); err != nil {
		return err
	}
	for w.dec.PeekKind() != '}' {
		name, err := w.Text()
		if err != nil {
			return err
		}
		if err := member(name); err != nil {
			return err
		}
	}
	_, err := w.dec.ReadToken()
	return err
}

// List reads a list. It calls element standing at each element, which element must read.
func (w *Walker) List(element func(index int) error) error {
	if _, err := w.dec.ReadToken(); err != nil {
		return err
	}
	for index := 0; w.dec.PeekKind() != ']'; index++ {
		if err := element(index); err != nil {
			return err
		}
	}
	_, err := w.dec.ReadToken()
	return err
}

// Raw reads a string or a number and returns it as it stands, a string with its quotes and escapes. It
// is only valid until the next read.
func (w *Walker) Raw() ([]byte, error) { return w.dec.ReadValue() }

// Text reads a string.
func (w *Walker) Text() (string, error) {
	raw, err := w.dec.ReadValue()
	if err != nil {
		return "", err
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		end := int(w.dec.InputOffset()) - 1
		return w.source[end-(len(raw)-2) : end], nil
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	return string(text), err
}

// Skip reads past one value of any kind.
func (w *Walker) Skip() error {
	if kind := w.dec.PeekKind(); kind != '{' && kind != '[' {
		return w.dec.SkipValue()
	}
	depth := w.dec.StackDepth()
	for {
		if _, err := w.dec.ReadToken(); err != nil {
			return err
		}
		if w.dec.StackDepth() > w.maxDepth {
			return ErrDepth
		}
		if w.dec.StackDepth() == depth {
			return nil
		}
	}
}
