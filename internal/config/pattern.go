package config

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// pattern returns a function that reports whether a regular expression finds something in a text.
// Each of its matches contains one of the hints, in any case where the expression ignores case. It
// is compiled for the first text with a hint, because compiling all of them takes 0.2 ms, and most
// starts need none.
func pattern(expression string, hints ...string) func(text string) bool {
	compiled := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
	return func(text string) bool {
		small := strings.ToLower(text)
		hinted := slices.ContainsFunc(hints, func(hint string) bool { return strings.Contains(text, hint) || strings.Contains(small, hint) })
		return hinted && compiled().MatchString(text)
	}
}
