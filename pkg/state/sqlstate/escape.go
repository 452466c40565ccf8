package sqlstate

import "strings"

// A JSON string may hold U+0000, which PostgreSQL's text refuses and SQLite's functions stop
// at. It is written as U+E000 (private use) and "0", and U+E000 itself twice; every other text
// stands in the database as it is, so that the view shows what people wrote.
const mark = "\uE000"

func escape(text string) string {
	if !strings.ContainsAny(text, "\x00"+mark) {
		return text
	}
	return strings.NewReplacer("\x00", mark+"0", mark, mark+mark).Replace(text)
}

func unescape(text string) string {
	if !strings.Contains(text, mark) {
		return text
	}
	return strings.NewReplacer(mark+"0", "\x00", mark+mark, mark).Replace(text)
}
