package sqssink

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"github.com/aws/smithy-go"

	"msgext/pkg/cloudevent"
)

// maxBytes is the greatest size of a message, body and attributes together: 1 MiB
// (docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html and
// API_SendMessage, read 2026-11). It used to be 256 KiB, and a queue's own MaximumMessageSize may
// still be. The sink learns that when the queue refuses a message.
const maxBytes = 1 << 20

// maxGroupID is the greatest length of a MessageGroupId (quotas-messages, as above).
const maxGroupID = 128

// shorter matches SQS's error about a queue's own limit. The wording is not documented. If it
// changes, the refusal is treated as any other error.
var shorter = regexp.MustCompile(`must be shorter than (\d+) bytes`)

// refusedAbove returns the limit that the queue's refusal mentions.
func refusedAbove(err error) (limit int, ok bool) {
	var said smithy.APIError
	if !errors.As(err, &said) {
		return 0, false
	}
	found := shorter.FindStringSubmatch(said.ErrorMessage())
	if found == nil {
		return 0, false
	}
	limit, err = strconv.Atoi(found[1])
	return limit, err == nil
}

// groupID returns the MessageGroupId: the event's partition key, which an operator can read, or its
// hex sha256 if SQS does not accept the key itself.
func groupID(event cloudevent.Event) string {
	key := event.PartitionKey()
	if len(key) <= maxGroupID && isGraphic(key) {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// isGraphic reports whether text has only characters that a MessageGroupId may have: ASCII letters,
// digits and punctuation, the range from ! to ~ (quotas-messages, as above).
func isGraphic(text string) bool {
	for _, c := range []byte(text) {
		if c < '!' || c > '~' {
			return false
		}
	}
	return text != ""
}

// deduplicationID returns the hex sha256 of the event's id, received attribute and data, so that
// the queue drops only the repeated tries of one delivery. A webhook that is received again is a
// new message: a read may have decided the first one, because it was received before the read, but
// not the second.
func deduplicationID(event cloudevent.Event) string {
	hash := sha256.New()
	hash.Write([]byte(event.ID()))
	fmt.Fprintf(hash, "\x00%d\x00", event.ReceivedMillis()) // the separator: no id has a zero byte
	hash.Write(event.Data())
	return hex.EncodeToString(hash.Sum(nil))
}

// legal returns a JSON text in which two characters are escaped that JSON strings may contain and
// SQS messages may not (#xFFFE and #xFFFF; API_SendMessage, read 2026-11). SQS would refuse or
// replace them. The JSON value stays the same.
func legal(text []byte) []byte {
	if !bytes.Contains(text, []byte("\xef\xbf\xbe")) && !bytes.Contains(text, []byte("\xef\xbf\xbf")) {
		return text
	}
	text = bytes.ReplaceAll(text, []byte("\xef\xbf\xbe"), []byte(`\ufffe`))
	return bytes.ReplaceAll(text, []byte("\xef\xbf\xbf"), []byte(`\uffff`))
}
