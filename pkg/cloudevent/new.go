package cloudevent

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"
	"github.com/go-json-experiment/json/jsontext"

	"msgext/pkg/msgext"
)

const jsonType = "application/json"

// New returns the event of a change. Its data is the webhook's body, the same JSON value without
// whitespace between tokens; its id is that of the message and the version.
func New(change msgext.Event) (Event, error) {
	n := namesOf(change.Message)
	kind := map[msgext.Operation]string{msgext.Set: setType, msgext.Delete: deletedType, msgext.Clear: clearedType}[change.Operation]
	data := jsontext.Value(append([]byte(nil), change.Body...))
	if err := data.Compact(); err != nil {
		return Event{}, fmt.Errorf("cloudevent: body: %w", err)
	}
	version := change.Version()
	attributes, err := attributes(n, n.path+"/"+strconv.FormatInt(version, 10), n.kind+kind, version, change.Time)
	if err != nil {
		return Event{}, err
	}
	return build(attributes, data)
}

// NewRepaired returns the event that carries the truth as read back from Chat at a given time: what a
// consumer holds of the message up to LatestSeq, or DroppedSeq where set, is to be replaced by it. Its id
// tells it from the webhook of that version and from another read of other content.
func NewRepaired(message msgext.Message, reply msgext.ReadReply, at time.Time) (Event, error) {
	n := namesOf(message)
	data, err := json.Marshal(reply)
	if err != nil {
		return Event{}, fmt.Errorf("cloudevent: snapshot: %w", err)
	}
	sum := sha256.Sum256(data)
	id := n.path + "/" + strconv.FormatInt(reply.LatestSeq, 10) + "/" + repairedType + "/" + hex.EncodeToString(sum[:8])
	attributes, err := attributes(n, id, n.kind+repairedType, reply.LatestSeq, at)
	if err != nil {
		return Event{}, err
	}
	return build(attributes, data)
}

// NewForwarded returns the event of another command, whose body is whatever Chat sent. A
// body that is not JSON travels as data_base64.
func NewForwarded(sdkAppID, command string, body []byte, at time.Time) (Event, error) {
	hash := sha256.New()
	for _, part := range []string{sdkAppID, command, string(body)} {
		fmt.Fprintf(hash, "%d:%s", len(part), part) // with their lengths, so that no two triples run together
	}
	app := url.PathEscape(sdkAppID)
	attributes, err := attributes(names{path: app, source: "/chat/" + app}, hex.EncodeToString(hash.Sum(nil)), typePrefix+command, -1, at)
	if err != nil {
		return Event{}, err
	}
	data := jsontext.Value(append([]byte(nil), body...))
	if err := data.Compact(); err != nil {
		if err := attributes.SetDataContentType("application/octet-stream"); err != nil {
			return Event{}, err
		}
		return encode(event.Event{Context: &attributes, DataEncoded: body, DataBase64: true})
	}
	return build(attributes, data)
}

// maxYear is the last that RFC 3339 can write; a time beyond it is left out.
const maxYear = 9999

// attributes returns a context with everything but data. A negative version is none.
func attributes(n names, id, kind string, version int64, at time.Time) (event.EventContextV1, error) {
	source := types.ParseURIRef(n.source)
	if source == nil {
		return event.EventContextV1{}, fmt.Errorf("cloudevent: source is no URI reference")
	}
	contentType := jsonType
	c := event.EventContextV1{
		ID: id, Source: *source, Type: kind, DataContentType: &contentType,
		Extensions: map[string]any{"partitionkey": n.path},
	}
	if n.subject != "" {
		c.Subject = &n.subject
	}
	if version >= 0 {
		c.Extensions["sequence"] = fmt.Sprintf("%020d", version)
	}
	if !at.IsZero() && at.Year() <= maxYear {
		c.Time = &types.Timestamp{Time: at.UTC()}
	}
	return c, nil
}
