package jsonwalk

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// replacement is U+FFFD, as an escape.
const replacement = `\ufffd`

// unquote decodes a string and appends it to text, whose old content is dropped. A lone surrogate
// becomes U+FFFD; whole says that there was none.
func unquote(text, raw []byte) (_ []byte, whole bool, err error) {
	text, whole = text[:0], true
	if cap(text) < len(raw) { // slices.Grow would take twice the room under the race detector
		text = make([]byte, 0, len(raw))
	}
	for i := 1; i < len(raw)-1; i++ {
		c := raw[i]
		if c == '\\' {
			i++
			switch c = raw[i]; c {
			case '"', '\\', '/':
			case 'n':
				c = '\n'
			case 't':
				c = '\t'
			case 'r':
				c = '\r'
			case 'b':
				c = '\b'
			case 'f':
				c = '\f'
			case 'u':
				char, length := codePoint(raw[i-1:])
				if length == 0 {
					return nil, true, ErrSyntax
				}
				whole = whole && char != lone
				text = utf8.AppendRune(text, char)
				i += length - len(`\u`)
				continue
			default:
				return nil, true, ErrSyntax
			}
		}
		text = append(text, c)
	}
	return text, whole, nil
}

// lone is codePoint's result for a surrogate without its other half. It is not a code point, so it
// is encoded as U+FFFD.
const lone = -1

// codePoint reads the escape \uXXXX at the beginning of text, or the two escapes of a surrogate
// pair. The length is 0 where there is no such escape.
func codePoint(text []byte) (char rune, length int) {
	char, ok := hexadecimal(text)
	switch {
	case !ok:
		return 0, 0
	case !utf16.IsSurrogate(char):
		return char, len(replacement)
	}
	if low, ok := hexadecimal(text[len(replacement):]); ok {
		if pair := utf16.DecodeRune(char, low); pair != utf8.RuneError {
			return pair, 2 * len(replacement)
		}
	}
	return lone, len(replacement)
}

// hexadecimal reads \uXXXX.
func hexadecimal(text []byte) (value rune, ok bool) {
	if len(text) < len(replacement) || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	for _, c := range text[2:len(replacement)] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		value = value<<4 | rune(c)
	}
	return value, true
}

// Mend returns JSON in which U+FFFD replaces each byte that is not UTF-8 and each lone surrogate
// escape. All else is unchanged. Where a Walker accepts data, every reader accepts the result.
func Mend(data []byte) []byte {
	mended := make([]byte, 0, mendedSize(data))
	for rest := data; len(rest) > 0; {
		char, length := utf8.DecodeRune(rest)
		mended = utf8.AppendRune(mended, char)
		rest = rest[length:]
	}
	for i := 0; i < len(mended); i++ {
		if mended[i] != '\\' {
			continue
		}
		char, length := codePoint(mended[i:])
		if char == lone {
			copy(mended[i:], replacement)
		}
		i += max(length, len(`\n`)) - 1
	}
	return mended
}

func mendedSize(text []byte) (size int) {
	for len(text) > 0 {
		char, length := utf8.DecodeRune(text)
		size += utf8.RuneLen(char)
		text = text[length:]
	}
	return size
}

func mendedText(text []byte) string {
	var mended strings.Builder
	mended.Grow(mendedSize(text))
	for len(text) > 0 {
		char, length := utf8.DecodeRune(text)
		mended.WriteRune(char)
		text = text[length:]
	}
	return mended.String()
}
