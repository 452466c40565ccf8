package config

import (
	"errors"
	"strings"
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

	// word finds the words that templates give for secrets and names.
	word = pattern(`(?i)^(change[-_ ]?(me|it)|replace[-_ ]?me|(the|your|my)[-_ ].*(token|key|secret|password|admin|account|id)|placeholder|todo|tbd|fixme)$`, "change", "replace", "the", "your", "my", "placeholder", "todo", "tbd", "fixme")

	masked  = pattern(`^([*]{3,}|[•●]{3,}|[xX]{3,})$`, "*", "•", "●", "xxx")
	nothing = pattern(`(?i)^(null|<?nil>?|none|undefined|nan|\(null\)|<no value>|\[object Object\])$`, "null", "nil", "none", "undefined", "nan", "no value", "object")
)

// standIn says what kind of text stands in the place of a value.
func standIn(name, value string) error {
	switch free := isFree(name); {
	case strings.Contains(value, "{{resolve:"):
		return errDynamic
	case nothing(value):
		return errNothing
	case wholeReference(value), reference(value) && (name != "MSGEXT_KAFKA_PASSWORD" || strings.HasPrefix(value, "${")):
		return errReference
	case value == "…", value == "...", word(value), ownWords(value):
		return errPlaceholder
	case angled(value) && (!free || strings.HasPrefix(value, "<") || strings.HasSuffix(value, ">")):
		return errPlaceholder
	case masked(value):
		return errMasked
	}
	return nil
}
