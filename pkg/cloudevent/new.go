package cloudevent

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"msgext/pkg/msgext"
)

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

// New returns the event of a change. Its data is the webhook's body, the same JSON value without
// whitespace between tokens. Its id is that of the message and the version, with a digest of the
// data: a redelivery has the same id, and a forgery under that version has another. Its time is
// EventTime, left out where the webhook has none or one beyond the year 9999, which RFC 3339
// cannot write. received is when msgext got the webhook, see ReceivedMillis.
func New(change msgext.Event, received time.Time) (Event, error) {
	data := jsontext.Value(change.Body).Clone() // the body is shared
	if err := data.Compact(); err != nil {
		return Event{}, errors.New("cloudevent: body is not JSON") // the cause would quote it
	}
	version := change.Version()
	a := aboutMessage(change.Message, typeOf(change.Operation), change.Time, 3)
	a.id = a.key() + "/" + strconv.FormatInt(version, 10) + "/" + digest(data)
	a.extensions = append(a.extensions,
		extension{name: receivedAttribute, text: twentyDigits(max(0, received.UnixMilli()))},
		extension{name: sequenceAttribute, text: twentyDigits(version)})
	return build(a, data), nil
}

// NewRepaired returns the event that carries the truth as read back from Chat; at is when it is sent. Its
// data names its message, and the place of the read among all reads, see Truth. Its id tells it from the webhook
// of that version and from every other read.
func NewRepaired(message msgext.Message, truth Truth, at time.Time) (Event, error) {
	truth.Address = message.Address()
	data, err := json.Marshal(truth)
	if err != nil {
		return Event{}, fmt.Errorf("cloudevent: snapshot: %w", err)
	}
	a := aboutMessage(message, repairedType, at, 2)
	a.id = a.key() + "/" + strconv.FormatInt(truth.LatestSeq, 10) + "/" + repairedType + "/" + digest(data)
	a.extensions = append(a.extensions, extension{name: sequenceAttribute, text: twentyDigits(truth.LatestSeq)})
	return build(a, data), nil
}

// NewGone returns the event that tells that Chat has a message no more; at is when it is sent. Its data
// names the message and the place of the read, and has no list: a consumer takes it as a truth without one. It has
// no sequence, because there is no version left to speak of.
func NewGone(message msgext.Message, place Place, at time.Time) (Event, error) {
	data, err := json.Marshal(struct {
		msgext.Address
		Place
	}{message.Address(), place})
	if err != nil {
		return Event{}, fmt.Errorf("cloudevent: gone: %w", err)
	}
	a := aboutMessage(message, goneType, at, 1)
	a.id = a.key() + "/" + goneType + "/" + strconv.FormatInt(place.ReadNumber, 10)
	return build(a, data), nil
}

// NewForwarded returns the event of another command, whose body is whatever was sent with it. A body
// that is not JSON, or JSON that not every reader understands in the same way (a name twice, no UTF-8: RFC 7493),
// travels as data_base64. All of an app's forwarded events have one partition key.
func NewForwarded(sdkAppID, command string, body []byte, at time.Time) (Event, error) {
	hash := sha256.New()
	for _, part := range []string{sdkAppID, command, string(body)} {
		fmt.Fprintf(hash, "%d:%s", len(part), part) // with their lengths, so that no two triples run together
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

// maxYear is the last that RFC 3339 can write.
const maxYear = 9999

// writable returns a time in UTC, zero where an event cannot have it.
func writable(at time.Time) time.Time {
	if at.IsZero() {
		return at
	}
	if at = at.UTC(); at.Year() > maxYear {
		return time.Time{}
	}
	return at
}

// digest returns the first 16 hex digits of the data's sha256.
func digest(data []byte) string {
	sum := sha256.Sum256(data)
	var digits [16]byte
	hex.Encode(digits[:], sum[:len(digits)/2])
	return string(digits[:])
}

// twentyDigits returns a number that is not negative in the twenty digits of the greatest that 64
// bits can hold, so that texts sort as numbers do (CloudEvents Sequence extension). It is text
// because a CloudEvents integer has 32 bits.
func twentyDigits(number int64) string {
	digits := [20]byte([]byte("00000000000000000000"))
	for i := len(digits) - 1; number > 0; i-- {
		digits[i] = byte('0' + number%10)
		number /= 10
	}
	return string(digits[:])
}
