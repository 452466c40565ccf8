package sqlstate

import "strings"

// A JSON string may hold U+0000. PostgreSQL's text refuses it, and SQLite's functions stop at it.
// It is stored as \x01\x01, and \x01 itself as \x01\x02. Every other text is stored unchanged, so
// that the view shows what people wrote. The code keeps the order of texts, on which
// msgext.Entry.Before depends.

func encode(text string) string {
	if !strings.ContainsAny(text, "\x00\x01") {
		return text
	}
	return strings.NewReplacer("\x00", "\x01\x01", "\x01", "\x01\x02").Replace(text)
}

func decode(text string) string {
	if !strings.Contains(text, "\x01") {
		return text
	}
	return strings.NewReplacer("\x01\x01", "\x00", "\x01\x02", "\x01").Replace(text)
}
