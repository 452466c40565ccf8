package cloudevent

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"msgext/internal/jsonwalk"
	"msgext/pkg/msgext"
)

// maxDepth is how deep a change's body may nest, as for msgext.Decode.
const maxDepth = 64

const (
	jsonType   = "application/json"
	binaryType = "application/octet-stream"
)

// Names of our extensions, in the order in which they are written.
const (
	keyAttribute      = "partitionkey"
	receivedAttribute = "received"
	sequenceAttribute = "sequence"
)

// New returns the event of a change. Its data is the webhook's body without whitespace between
// tokens, the same JSON value. Its id consists of the message, the version and a digest of the
// data, so a redelivery has the same id and a forgery under that version has another. Its time is
// EventTime. It is left out if the webhook has none, or one after the year 9999, which RFC 3339
// cannot express. received is when msgext received the webhook, see ReceivedMillis.
func New(change msgext.Event, received time.Time) (Event, error) {
	var bodyRoom [1024]byte // on the stack for most bodies
	data, err := jsonwalk.AppendCompact(bodyRoom[:0], change.Body, maxDepth)
	if err != nil {
		return Event{}, fmt.Errorf("cloudevent: body: %w", err)
	}
	// The texts are parts of one string, to need only one allocation.
	var room [256]byte
	b := change.Message.AppendPath(room[:0])
	key := len(b)
	b = strconv.AppendInt(append(b, '/'), change.Version(), 10)
	b = appendDigest(append(b, '/'), data)
	id := len(b)
	b = appendTwentyDigits(b, max(0, received.UnixMilli()))
	text := string(appendTwentyDigits(b, change.Version()))

	a := aboutMessage(change.Message, typeOf(change.Operation), change.Time)
	a.id = text[:id]
	a.extensions = []extension{
		{name: keyAttribute, text: text[:key]},
		{name: receivedAttribute, text: text[id : id+digits]},
		{name: sequenceAttribute, text: text[id+digits:]},
	}
	return build(a, data), nil
}

// NewRepaired returns the event that carries the truth as read from Chat. at is when it is sent.
// Its data has the message and the read's place among all reads, see Truth. Its id differs from
// that of the version's webhook and of every other read.
func NewRepaired(message msgext.Message, truth Truth, at time.Time) (Event, error) {
	truth.Address = message.Address()
	data, err := json.Marshal(truth)
	if err != nil {
		return Event{}, fmt.Errorf("cloudevent: snapshot: %w", err)
	}
	a, key := aboutMessage(message, repairedType, at), message.Path()
	a.id = key + "/" + strconv.FormatInt(truth.LatestSeq, 10) + "/" + repairedType + "/" + string(appendDigest(nil, data))
	a.extensions = []extension{
		{name: keyAttribute, text: key},
		{name: sequenceAttribute, text: string(appendTwentyDigits(nil, truth.LatestSeq))},
	}
	return build(a, data), nil
}

// NewGone returns the event that says that Chat no longer has a message. at is when it is sent. Its
// data has the message and the read's place, and no list: a consumer treats it as a truth without
// key-values. It has no sequence, because the message no longer has a version.
func NewGone(message msgext.Message, place Place, at time.Time) (Event, error) {
	data, err := json.Marshal(struct {
		msgext.Address
		Place
	}{message.Address(), place})
	if err != nil {
		return Event{}, fmt.Errorf("cloudevent: gone: %w", err)
	}
	a, key := aboutMessage(message, goneType, at), message.Path()
	a.id = key + "/" + goneType + "/" + strconv.FormatInt(place.ReadNumber, 10)
	a.extensions = []extension{{name: keyAttribute, text: key}}
	return build(a, data), nil
}

// NewForwarded returns the event of another command, with any body. A body that is not JSON travels
// as data_base64, and so does JSON that different readers may understand differently (a name twice,
// not UTF-8: RFC 7493). All of an app's forwarded events have the same partition key.
func NewForwarded(sdkAppID, command string, body []byte, at time.Time) (Event, error) {
	hash := sha256.New()
	for _, part := range []string{sdkAppID, command, string(body)} {
		// With their lengths, so that different triples give different text.
		fmt.Fprintf(hash, "%d:%s", len(part), part)
	}
	app := url.PathEscape(sdkAppID)
	a := attributes{
		id: hex.EncodeToString(hash.Sum(nil)), source: "/chat/" + app, eventType: typePrefix + url.PathEscape(command),
		contentType: jsonType, time: writable(at), extensions: []extension{{name: keyAttribute, text: app}},
	}
	data := jsontext.Value(body).Clone()
	if !data.IsValid() {
		a.contentType = binaryType
		return buildBinary(a, data), nil
	}
	if err := data.Compact(); err != nil {
		return Event{}, fmt.Errorf("cloudevent: body: %w", err)
	}
	return build(a, data), nil
}

// maxYear is the last year that RFC 3339 can express.
const maxYear = 9999

// writable returns a time in UTC, or zero if an event cannot express it.
func writable(at time.Time) time.Time {
	if at.IsZero() {
		return at
	}
	if at = at.UTC(); at.Year() > maxYear {
		return time.Time{}
	}
	return at
}

// appendDigest appends the first 16 hex digits of the data's sha256.
func appendDigest(b, data []byte) []byte {
	sum := sha256.Sum256(data)
	return hex.AppendEncode(b, sum[:8])
}

// digits is the number of digits of the greatest 64-bit number.
const digits = 20

// appendTwentyDigits appends a non-negative number with leading zeros, so that texts sort like
// numbers (CloudEvents Sequence extension). It is text because a CloudEvents integer has only 32
// bits.
func appendTwentyDigits(b []byte, number int64) []byte {
	const zeros = "00000000000000000000"
	b = append(b, zeros...)
	for i := len(b) - 1; number > 0; i-- {
		b[i] = byte('0' + number%10)
		number /= 10
	}
	return b
}
