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
// API_SendMessage, read 2026-11; it used to be 256 KiB, and a queue's own
// MaximumMessageSize may still be: we learn of that when the queue refuses a message).
const maxBytes = 1 << 20

// maxGroupID is the greatest length of a MessageGroupId (quotas-messages, as above).
const maxGroupID = 128

// shorter is how SQS states a queue's own limit. The wording is not documented; where it
// should change, the refusal is an error like any other.
var shorter = regexp.MustCompile(`must be shorter than (\d+) bytes`)

// refusedAbove returns the limit that the queue has refused a message by.
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

// groupID returns the MessageGroupId: the event's partition key, which an operator can read,
// or its hex sha256 where SQS does not take the key itself.
func groupID(event cloudevent.Event) string {
	key := event.PartitionKey()
	if len(key) <= maxGroupID && isGraphic(key) {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// isGraphic reports whether text has only what a MessageGroupId may: ASCII letters, digits and
// punctuation, the range from ! to ~ (quotas-messages, as above).
func isGraphic(text string) bool {
	for _, c := range []byte(text) {
		if c < '!' || c > '~' {
			return false
		}
	}
	return text != ""
}

// deduplicationID returns the hex sha256 of the event's id, received attribute and data, so that
// the queue drops nothing but one delivery's own retries. A webhook that is received again is sent
// again: the first may have been received before a read decided it, and the second after.
func deduplicationID(event cloudevent.Event) string {
	hash := sha256.New()
	hash.Write([]byte(event.ID()))
	fmt.Fprintf(hash, "\x00%d\x00", event.ReceivedMillis()) // no id has a zero byte
	hash.Write(event.Data())
	return hex.EncodeToString(hash.Sum(nil))
}

// legal returns a JSON text with the two characters escaped that JSON strings may hold and SQS
// messages may not (#xFFFE and #xFFFF; API_SendMessage, read 2026-11): SQS would refuse or replace
// them. As JSON it is the same value.
func legal(text []byte) []byte {
	if !bytes.Contains(text, []byte("\xef\xbf\xbe")) && !bytes.Contains(text, []byte("\xef\xbf\xbf")) {
		return text
	}
	text = bytes.ReplaceAll(text, []byte("\xef\xbf\xbe"), []byte(`\ufffe`))
	return bytes.ReplaceAll(text, []byte("\xef\xbf\xbf"), []byte(`\uffff`))
}
