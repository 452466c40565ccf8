// Package jsonquote writes JSON strings. A reply of 300 key-values is quoted twice on its way
// through a gateway: once in its own body and once as the body of the gateway's response. That took
// a quarter of the reply's time with the standard encoder.
package jsonquote

import "github.com/go-json-experiment/json/jsontext"

// Append appends text as a JSON string. Bytes that are not UTF-8 become U+FFFD. The output is that
// of jsontext.AppendQuote. Text that is ASCII without control characters takes a third of the time.
func Append[Text ~string | ~[]byte](b []byte, text Text) []byte {
	b = append(b, '"')
	written, i := 0, 0
	for i < len(text) {
		if i+8 <= len(text) && isPlain(text[i:i+8]) {
			i += 8
			continue
		}
		for end := min(i+8, len(text)); i < end; i++ {
			switch c := text[i]; {
			case c == '"' || c == '\\':
				b = append(append(b, text[written:i]...), '\\', c)
				written = i + 1
			case c < ' ' || c >= 0x80:
				return appendRest(b, text[written:])
			}
		}
	}
	return append(append(b, text[written:]...), '"')
}

// appendRest appends the rest of a string and the closing quote.
func appendRest[Text ~string | ~[]byte](b []byte, text Text) []byte {
	at := len(b)
	// The error is about invalid UTF-8, which is already replaced.
	b, _ = jsontext.AppendQuote(b, text)
	return append(b[:at], b[at+1:]...) // without the opening quote
}

// isPlain reports whether eight bytes are written as they are. It tests them as one word. It may
// say no where yes were right, but never the reverse: a subtraction borrows only from bytes above
// one that is not plain itself.
func isPlain[Text ~string | ~[]byte](t Text) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	word := uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 |
		uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
	control := word - ones*' '
	quote := word ^ ones*'"' - ones
	backslash := word ^ ones*'\\' - ones
	return (word|control|quote|backslash)&tops == 0
}
