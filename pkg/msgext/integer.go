package msgext

import (
	"strconv"
	"strings"
)

const (
	notInteger = "not an integer"
	negative   = "negative"
	tooGreat   = "greater than 9223372036854775807"
)

// integerOf returns the value of a JSON number that is a non-negative integer in any exact form:
// 10, 10.0, 1e1. For every other number it returns the problem.
func integerOf(number []byte) (value int64, problem string) {
	if len(number) < len("9223372036854775807") {
		if value, err := strconv.ParseInt(string(number), 10, 64); err == nil && value >= 0 {
			return value, ""
		}
	}
	return integerSpelt(string(number))
}

func integerSpelt(number string) (value int64, problem string) {
	number, minus := strings.CutPrefix(number, "-")
	digits, exponent := scientific(number)
	switch {
	case digits == "":
		return 0, ""
	case exponent < 0:
		return 0, notInteger
	case minus:
		return 0, negative
	case len(digits)+exponent > len("9223372036854775807"):
		return 0, tooGreat
	}
	value, err := strconv.ParseInt(digits+strings.Repeat("0", exponent), 10, 64)
	if err != nil {
		return 0, tooGreat
	}
	return value, ""
}

// scientific splits a number without a sign into digits and exponent: the number is the digits
// times ten to the power of the exponent. The digits neither begin nor end with 0, and are empty
// for zero.
func scientific(number string) (digits string, exponent int) {
	if at := strings.IndexAny(number, "eE"); at >= 0 {
		const far = 1 << 40                       // more digits than any body has
		exponent, _ = strconv.Atoi(number[at+1:]) // out of range, Atoi returns the limit
		exponent = min(max(exponent, -far), far)
		number = number[:at]
	}
	whole, fraction, _ := strings.Cut(number, ".")
	all := strings.TrimLeft(whole+fraction, "0")
	digits = strings.TrimRight(all, "0")
	return digits, exponent - len(fraction) + len(all) - len(digits)
}

// integerOfText is integerOf for a string, which must hold only digits, without leading zeros.
func integerOfText(text string) (value int64, problem string) {
	if text == "" || text[0] == '0' && text != "0" || strings.Trim(text, "0123456789") != "" {
		return 0, notInteger
	}
	return integerSpelt(text)
}
