package jsonquote_test

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"

	"msgext/internal/jsonquote"
)

// Append writes what jsontext.AppendQuote writes.
func FuzzAppend(f *testing.F) {
	for _, text := range []string{
		"", "a", `"`, `\`, "12345678", `1234567"`, `"2345678`, `12345678"`, `123\5678`, "123\x005678", "\x1f ~\x7f\x80", "12345678\xff",
		"日本語", `"日本語"`, "\u2028<>&'/", "\xed\xa0\x80", "!!!!!!!!", "########", "[[[[[[[[", "]]]]]]]]", "\x1f!!!!!!!", `"#"#"#"#`, `\]\]\]\]`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, _ := jsontext.AppendQuote([]byte("before"), text)
		assert.Equal(t, string(want), string(jsonquote.Append([]byte("before"), text)))
		assert.Equal(t, string(want), string(jsonquote.Append([]byte("before"), []byte(text))))
	})
}

// Each byte value at each position of a word of eight.
func TestAppend_EveryByte(t *testing.T) {
	for c := range 256 {
		for at := range 17 {
			text := []byte("abcdefghijklmnopq")
			text[at] = byte(c)
			want, _ := jsontext.AppendQuote(nil, text)
			assert.Equal(t, string(want), string(jsonquote.Append(nil, text)), "%d at %d", c, at)
		}
	}
}

// Each way in which the bytes of a word can be escaped or not, with and without bytes after it, in a
// buffer with and without room.
func TestAppend_EveryPattern(t *testing.T) {
	for pattern := range 256 {
		text := []byte("abcdefghijk")
		for at := range 8 {
			if pattern>>at&1 == 1 {
				text[at] = `"\`[at%2]
			}
		}
		for _, text := range [][]byte{text, text[:8], text[:5]} {
			want, _ := jsontext.AppendQuote(nil, text)
			assert.Equal(t, string(want), string(jsonquote.Append(nil, text)))
			assert.Equal(t, string(want), string(jsonquote.Append(make([]byte, 0, 100), text)))
		}
	}
}
