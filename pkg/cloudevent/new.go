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

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"
	"github.com/go-json-experiment/json/jsontext"

	"msgext/pkg/msgext"
)

const (
	jsonType   = "application/json"
	binaryType = "application/octet-stream"
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
	n, version := namesOf(change.Message), change.Version()
	id := n.path + "/" + strconv.FormatInt(version, 10) + "/" + digest(data)
	attributes, err := attributes(n, id, n.typePrefix+typeOf(change.Operation), version, change.Time)
	if err != nil {
		return Event{}, err
	}
	attributes.Extensions[receivedAttribute] = twentyDigits(max(0, received.UnixMilli()))
	return build(attributes, data)
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
	n := namesOf(message)
	id := n.path + "/" + strconv.FormatInt(truth.LatestSeq, 10) + "/" + repairedType + "/" + digest(data)
	attributes, err := attributes(n, id, n.typePrefix+repairedType, truth.LatestSeq, at)
	if err != nil {
		return Event{}, err
	}
	return build(attributes, data)
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
	n := namesOf(message)
	id := n.path + "/" + goneType + "/" + strconv.FormatInt(place.ReadNumber, 10)
	attributes, err := attributes(n, id, n.typePrefix+goneType, -1, at)
	if err != nil {
		return Event{}, err
	}
	return build(attributes, data)
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
	n := names{path: app, source: "/chat/" + app}
	attributes, err := attributes(n, hex.EncodeToString(hash.Sum(nil)), typePrefix+url.PathEscape(command), -1, at)
	if err != nil {
		return Event{}, err
	}
	data := jsontext.Value(body).Clone()
	if !data.IsValid() {
		contentType := binaryType
		attributes.DataContentType = &contentType
		return encode(event.Event{Context: &attributes, DataEncoded: data, DataBase64: true})
	}
	if err := data.Compact(); err != nil {
		return Event{}, fmt.Errorf("cloudevent: body: %w", err)
	}
	return build(attributes, data)
}

// maxYear is the last that RFC 3339 can write; a time beyond it is left out.
const maxYear = 9999

// attributes returns a context with everything but data. A negative version is none.
func attributes(n names, id, eventType string, version int64, at time.Time) (event.EventContextV1, error) {
	source := types.ParseURIRef(n.source)
	if source == nil {
		return event.EventContextV1{}, errors.New("cloudevent: source is no URI reference")
	}
	contentType := jsonType
	c := event.EventContextV1{
		ID: id, Source: *source, Type: eventType, DataContentType: &contentType,
		Extensions: map[string]any{"partitionkey": n.path},
	}
	if n.subject != "" {
		c.Subject = &n.subject
	}
	if version >= 0 {
		c.Extensions["sequence"] = twentyDigits(version)
	}
	if !at.IsZero() && at.Year() <= maxYear {
		c.Time = &types.Timestamp{Time: at.UTC()}
	}
	return c, nil
}

// digest returns the first 16 hex digits of the data's sha256.
func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

// twentyDigits returns a number that is not negative in the twenty digits of the greatest that 64
// bits can hold, so that texts sort as numbers do (CloudEvents Sequence extension). It is text
// because a CloudEvents integer has 32 bits.
func twentyDigits(number int64) string {
	const zeros = "00000000000000000000"
	digits := strconv.FormatInt(number, 10)
	return zeros[len(digits):] + digits
}
