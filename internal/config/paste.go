package config

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// These patterns find text that was copied along with a value. With such a value the program would
// start and then refuse every request.
var (
	errBlank      = errors.New("nothing but white space")
	errName       = errors.New("begins with the variable's own name: write what follows the equals sign")
	errQuotes     = errors.New("stands in quotes, which are taken as a part of it: write it without them")
	errJSON       = errors.New("looks like JSON: write the one text that is meant, without braces or brackets")
	errDynamic    = errors.New("looks like a {{resolve:...}} that nothing has resolved: CloudFormation does so in a deployed stack, SAM's local commands do not; write the secret itself")
	errReference  = errors.New("looks like a ${...} that nothing has filled in: write the value itself")
	errARN        = errors.New("looks like the ARN of a secret: write the secret itself")
	errInvisible  = errors.New("has a character that cannot be seen, or is not text: type it anew")
	errTokenQuote = errors.New("a token has a quote at its beginning or end: write tokens without quotes")
	errTokenList  = errors.New("tokens are separated by spaces, not by commas or semicolons")
)

// pasted says whether a value was copied with other text around it. It is called before the value
// is parsed and after white space around it was removed.
func pasted(name, value string) error {
	first, _ := utf8.DecodeRuneInString(value)
	last, _ := utf8.DecodeLastRuneInString(value)
	switch {
	case value == "":
		return errBlank
	case strings.HasPrefix(value, name+"="):
		return errName
	case isQuote(first) && isQuote(last):
		return errQuotes
	case strings.HasPrefix(value, "{{resolve:"):
		return errDynamic
	case strings.HasPrefix(value, "${") && strings.HasSuffix(value, "}"):
		return errReference
	case (first == '{' || first == '[') && json.Valid([]byte(value)):
		return errJSON
	case strings.HasPrefix(value, "arn:") && !strings.Contains(value, " "):
		return errARN
	case !utf8.ValidString(value) || strings.ContainsFunc(value, isInvisible):
		return errInvisible
	}
	return nil
}

func isQuote(c rune) bool { return strings.ContainsRune("\"'`“”‘’„«»", c) }

// isInvisible reports whether a character is one that nobody types on purpose: a control character
// other than those that separate lines and words, or a format character such as a byte order mark.
func isInvisible(c rune) bool {
	return unicode.IsControl(c) && !strings.ContainsRune("\n\r\t", c) || unicode.Is(unicode.Cf, c)
}
