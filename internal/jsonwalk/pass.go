package jsonwalk

import "math"

// Members reads an object as Object does, but allows names that occur twice. It calls member with
// each occurrence.
func (w *Walker) Members(member func(name []byte) error) error {
	if err := w.open('{'); err != nil {
		return err
	}
	var room []byte
	for first := true; ; first = false {
		if closed, err := w.next('}', first); closed || err != nil {
			return err
		}
		name, err := w.name(&room)
		if err != nil {
			return err
		}
		if err := w.colon(); err != nil {
			return err
		}
		if err := member(name); err != nil {
			return err
		}
	}
}

// Pass reads past one value as Skip does, but allows any depth and names that occur twice.
func (w *Walker) Pass() error {
	limit := w.maxDepth
	w.maxDepth = math.MaxInt
	defer func() { w.maxDepth = limit }()
	var ends []byte // the closing brackets of all open objects and lists, the innermost last
	for {
		opened, err := w.begin()
		if err != nil {
			return err
		}
		if opened != 0 {
			// The codes of '{' and '}', and of '[' and ']', differ by two.
			ends = append(ends, opened+2)
		}
		for first := opened != 0; ; first = false {
			if len(ends) == 0 {
				return nil
			}
			closed, err := w.next(ends[len(ends)-1], first)
			if err != nil {
				return err
			}
			if !closed {
				break
			}
			ends = ends[:len(ends)-1]
		}
		if ends[len(ends)-1] == '}' {
			if err := w.passName(); err != nil {
				return err
			}
		}
	}
}

// begin reads a value without parts, or the opening bracket of one with parts. It returns the
// bracket.
func (w *Walker) begin() (bracket byte, err error) {
	if kind := w.Kind(); kind == '{' || kind == '[' {
		return byte(kind), w.open(byte(kind))
	}
	return 0, w.Skip()
}

func (w *Walker) passName() error {
	if err := w.skipText(); err != nil {
		return err
	}
	return w.colon()
}

// Whole reports whether the number read last, a member's value, is complete. Where the input ends
// behind it, or where no JSON follows, it may be the beginning of a longer number.
func (w *Walker) Whole() bool {
	if w.at == len(w.source) {
		return false
	}
	switch w.source[w.at] {
	case ' ', '\n', '\r', '\t', ',', '}':
		return true
	}
	return false
}
