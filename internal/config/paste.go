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
	errLines      = errors.New("has a line of its file in it, with a variable's name and an equals sign: write one variable's value")
	errQuotes     = errors.New("stands in quotes, which are taken as a part of it: write it without them")
	errJSON       = errors.New("looks like JSON: write the one text that is meant, without braces or brackets")
	errComment    = errors.New("has a comment at its end, which is taken as a part of it: write the comment on a line of its own")
	errBackslash  = errors.New(`ends with a \n, \r or \t of two characters: write it without them`)
	errARN        = errors.New("looks like the ARN of a secret: write the secret itself")
	errInvisible  = errors.New("has a character that cannot be seen, or is not text: type it anew")
	errTokenQuote = errors.New("a token has a quote at its beginning or end: write tokens without quotes")
	errTokenList  = errors.New("tokens are separated by spaces, not by commas or semicolons")
)

// assignment finds a line of a file of variables, such as export MSGEXT_TOKEN=…
var assignment = pattern(`\b`+Prefix+`[A-Z_]+=`, Prefix)

// comment finds what some readers of such files take for a comment and others for a part of the
// value. No value but a header or a password has a space before a #.
var comment = pattern(`\s#|^#\s`, "#")

// isFree reports whether a variable's value is any text.
func isFree(name string) bool {
	switch name {
	case "MSGEXT_HTTP_HEADERS", "MSGEXT_RELAY_HEADERS", "MSGEXT_KAFKA_PASSWORD":
		return true
	}
	return false
}

// pasted says whether a value was copied with other text around it, or is text that stands in the
// place of a value. It is called before the value is parsed and after white space around it was
// removed.
func pasted(name, value string) error {
	first, _ := utf8.DecodeRuneInString(value)
	begins, ends := quotes(value)
	switch {
	case value == "":
		return errBlank
	case strings.HasPrefix(value, name+"="):
		return errName
	case assignment(value):
		return errLines
	case begins && ends, strings.HasPrefix(value, `\"`) && strings.HasSuffix(value, `\"`):
		return errQuotes
	case (first == '{' || first == '[') && json.Valid([]byte(value)):
		return errJSON
	case strings.HasPrefix(value, "arn:") && !strings.Contains(value, " "):
		return errARN
	case strings.HasSuffix(value, `\n`), strings.HasSuffix(value, `\r`), strings.HasSuffix(value, `\t`):
		return errBackslash
	case !utf8.ValidString(value) || strings.ContainsFunc(value, isInvisible):
		return errInvisible
	}
	if err := standIn(name, value); err != nil {
		return err
	}
	if !isFree(name) && comment(value) {
		return errComment
	}
	return nil
}

func isQuote(c rune) bool { return strings.ContainsRune("\"'`“”‘’„«»", c) }

// quotes reports whether a text begins with a quote, and whether it ends with one.
func quotes(text string) (begins, ends bool) {
	first, _ := utf8.DecodeRuneInString(text)
	last, _ := utf8.DecodeLastRuneInString(text)
	return isQuote(first), isQuote(last)
}

// isInvisible reports whether a character is one that nobody types on purpose: a control character
// other than those that separate lines and words, or a format character such as a byte order mark.
func isInvisible(c rune) bool {
	return unicode.IsControl(c) && !strings.ContainsRune("\n\r\t", c) || unicode.Is(unicode.Cf, c)
}
