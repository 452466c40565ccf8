package gateway

import (
	"net/http"
	"slices"
	"strings"

	"msgext/internal/jsonquote"
)

// AppendString appends text as a JSON string. What is not UTF-8 becomes U+FFFD.
func AppendString[Text ~string | ~[]byte](b []byte, text Text) []byte {
	return jsonquote.Append(b, text)
}

// AppendHeader appends a header as a JSON object of strings, in alphabetical order. Several values
// of one name are joined by commas.
func AppendHeader(b []byte, header http.Header) []byte {
	return appendObject(b, header, func(b []byte, values []string) []byte {
		return AppendString(b, strings.Join(values, ", "))
	})
}

// AppendMultiHeader appends a header as a JSON object of lists, in alphabetical order.
func AppendMultiHeader(b []byte, header http.Header) []byte {
	return appendObject(b, header, func(b []byte, values []string) []byte {
		b = append(b, '[')
		for i, value := range values {
			if i > 0 {
				b = append(b, ',')
			}
			b = AppendString(b, value)
		}
		return append(b, ']')
	})
}

func appendObject(b []byte, header http.Header, value func([]byte, []string) []byte) []byte {
	names := make([]string, 0, 8) // a reply has few
	for name, values := range header {
		if len(values) > 0 { // a server sends no header without a value
			names = append(names, name)
		}
	}
	slices.Sort(names)
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendString(b, name)
		b = append(b, ':')
		b = value(b, header[name])
	}
	return append(b, '}')
}
