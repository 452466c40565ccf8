package config

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// These patterns find text that stands in the place of a value, and that nothing and nobody has
// replaced by the value.
var (
	errDynamic     = errors.New("looks like a {{resolve:...}} that nothing has resolved: CloudFormation does so in a deployed stack, SAM's local commands do not; write the secret itself")
	errReference   = errors.New("looks like a ${...} or another reference that nothing has filled in: write the value itself")
	errPlaceholder = errors.New("looks like a text from a document or a template that stands for the value: write the value itself")
	errMasked      = errors.New("looks like a value that is hidden behind dots or stars: copy the value itself")
	errNothing     = errors.New("looks like what a program writes for a value that is not there: write the value, or leave the variable out")
)

var (
	// reference finds the references of shells, deployment tools and templates: ${NAME}, $(NAME),
	// {{ .Values.name }}.
	reference = pattern(`\$\{[^}]*\}|\$\([^)]*\)|\{\{[^}]*\}\}`, "${", "$(", "{{")

	// wholeReference finds these, and those that could be a part of a value: $NAME, %NAME%, !Ref Name.
	wholeReference = pattern(`^(\$\(.*\)|\{\{.*\}\}|\$[A-Za-z_][A-Za-z0-9_]*|%[A-Za-z_][A-Za-z0-9_]*%|!(Ref|Sub|GetAtt|ImportValue) .*)$`, "$", "{{", "%", "!")

	// angled finds <token> and <your token>.
	angled = pattern(`<[A-Za-z][A-Za-z0-9 _.-]*>`, "<")

	// ownWords finds the words that our documents write in URLs.
	ownWords = pattern(`://(USER|HOST|BROKER)\b|:PASSWORD@|/TOPIC$|^[a-z]+:(//)?(TABLE|QUEUE|QUEUE\.fifo|BUS|PATH)$`, "USER", "HOST", "BROKER", "PASSWORD", "TOPIC", "TABLE", "QUEUE", "BUS", "PATH")

	// named finds the-secret-key and YOUR_TOKEN.
	named = pattern(`(?i)^(the|your|my)[-_ ].*(token|key|secret|password|admin|account|id)$`,
		"the-", "the_", "the ", "your-", "your_", "your ", "my-", "my_", "my ")
)

// words are what templates write for secrets and names.
var words = []string{"changeme", "changeit", "replaceme", "placeholder", "todo", "tbd", "fixme"}

// nothings are what programs write for a value that is not there.
var nothings = []string{"null", "nil", "<nil>", "none", "undefined", "nan", "(null)", "<no value>", "[object Object]"}

func equalsAny(value string, texts []string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return strings.EqualFold(value, text) })
}

// isWord finds words, however they are joined.
func isWord(value string) bool {
	return equalsAny(strings.NewReplacer("-", "", "_", "", " ", "").Replace(value), words)
}

// isMasked finds a value that a console shows as dots, stars or crosses.
func isMasked(value string) bool {
	return utf8.RuneCountInString(value) >= 3 &&
		slices.ContainsFunc([]string{"*", "•●", "xX"}, func(mask string) bool { return strings.Trim(value, mask) == "" })
}

// standIn says what kind of text stands in the place of a value.
func standIn(name, value string) error {
	switch free := isFree(name); {
	case strings.Contains(value, "{{resolve:"):
		return errDynamic
	case equalsAny(value, nothings):
		return errNothing
	case wholeReference(value), reference(value) && (name != "MSGEXT_KAFKA_PASSWORD" || strings.HasPrefix(value, "${")):
		return errReference
	case value == "…", value == "...", isWord(value), named(value), ownWords(value):
		return errPlaceholder
	case angled(value) && (!free || strings.HasPrefix(value, "<") || strings.HasSuffix(value, ">")):
		return errPlaceholder
	case isMasked(value):
		return errMasked
	}
	return nil
}
