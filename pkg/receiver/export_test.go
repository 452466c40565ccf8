package receiver

import "msgext/pkg/webhook"

// Judge shows the reply table to the tests.
func Judge(err error) (status int, fate string, reply webhook.Reply) {
	rule := judge(err)
	return rule.status, string(rule.fate), rule.reply(err)
}

// RuleCount is how many rules the table has.
func RuleCount() int { return len(rules) }
