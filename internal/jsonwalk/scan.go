package jsonwalk

import (
	"encoding/binary"
	"io"
	"math/bits"
	"unicode/utf8"
)

// form says how a string must be handled.
type form int

const (
	plain   form = iota // its bytes are its value
	escaped             // it has escapes that are not checked yet
	broken              // it is not UTF-8, and may have escapes
)

// quoted finds the string at the current offset, with its quotes, and does not move past it.
func (w *Walker) quoted() (raw []byte, is form, err error) {
	if w.peek() != '"' {
		return nil, plain, w.fault()
	}
	s := w.source
	var seen uint64 // the bits of every byte of the string, and perhaps of some bytes after it
	for i := w.at + 1; ; {
		for ; len(s)-i >= 8; i += 8 { // most of an event is read in this loop
			eight := binary.LittleEndian.Uint64(s[i:])
			seen |= eight
			if mark := special(eight); mark != 0 {
				i += bits.TrailingZeros64(mark) / 8
				break
			}
		}
		if i >= len(s) {
			return nil, plain, io.ErrUnexpectedEOF
		}
		switch c := s[i]; {
		case c == '"':
			raw = s[w.at : i+1]
			if seen&(each*utf8.RuneSelf) != 0 && !utf8.Valid(raw) {
				is = broken
			}
			return raw, is, nil
		case c == '\\':
			is = escaped
			i += 2 // an escaped character does not end the string
		case c < ' ':
			return nil, plain, ErrSyntax
		default:
			seen |= uint64(c)
			i++
		}
	}
}

// each is a word whose eight bytes are 1. each times a byte is a word of eight such bytes.
const each = 0x01_01_01_01_01_01_01_01

// special sets the highest bit of the first byte in v that has a meaning in a string: a quote, a
// backslash or a control character. Bits above that one mean nothing.
func special(v uint64) uint64 {
	// The subtraction borrows into that bit. A borrow changes only the bytes above.
	control, quote, backslash := v-each*' ', (v^each*'"')-each, (v^each*'\\')-each
	return (control | quote | backslash) &^ v & (each * utf8.RuneSelf)
}

// number returns the length of the number that text begins with (RFC 8259, section 6).
func number(text []byte) (length int, err error) {
	s := scanner{text: text}
	s.accept('-', '-')
	if !s.accept('0', '0') && !s.digits() {
		return 0, s.fault()
	}
	if s.accept('.', '.') && !s.digits() {
		return 0, s.fault()
	}
	if s.accept('e', 'e') || s.accept('E', 'E') {
		_ = s.accept('+', '+') || s.accept('-', '-')
		if !s.digits() {
			return 0, s.fault()
		}
	}
	return s.at, nil
}

// scanner reads text byte by byte.
type scanner struct {
	text []byte
	at   int
}

// accept moves past one byte of the range from low to high.
func (s *scanner) accept(low, high byte) bool {
	if s.at == len(s.text) || s.text[s.at] < low || s.text[s.at] > high {
		return false
	}
	s.at++
	return true
}

// digits moves past one or more digits.
func (s *scanner) digits() bool {
	from := s.at
	for s.accept('0', '9') {
	}
	return s.at > from
}

func (s *scanner) fault() error {
	if s.at == len(s.text) {
		return io.ErrUnexpectedEOF
	}
	return ErrSyntax
}
