package eventbridgesink

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"

	"msgext/pkg/cloudevent"
	"msgext/pkg/sink"
)

const (
	// maxBytes is the greatest size of an entry. It "must be less than 1MB" (API reference of
	// PutEvents in the Go SDK v1.55.9; aws.amazon.com/blogs/compute, "More room to build",
	// 2026-01-29). It is not documented whether that is 10^6 or 2^20. We use 2^20, as the earlier
	// limit of 256 KB was a power of two, and an entry that the service refuses is too large all
	// the same.
	maxBytes = 1<<20 - 1

	// maxBytesBefore is the limit that AWS China still documents
	// (docs.amazonaws.cn/en_us/eventbridge/latest/userguide/eb-putevent-size.html, read 2026-11).
	maxBytesBefore = 1<<18 - 1

	// timeBytes is what the Time of an entry adds to its size (eb-putevent-size.html, as above).
	timeBytes = 14

	// maxDetailType is the greatest length of a detail-type (API_PutEventsRequestEntry, as above).
	// PutEvents has been seen to report success for a longer one and to drop the event
	// (github.com/segmentio/action-destinations pull request 2828, 2025-03).
	maxDetailType = 128
)

// ErrType is Send's error for an event whose type is longer than a detail-type may be.
var ErrType = fmt.Errorf("eventbridgesink: type is longer than the %d bytes of a detail-type", maxDetailType)

// entry returns the event as an entry of PutEvents. Its errors are ErrType and
// *sink.TooLargeError.
func (s *Sink) entry(event cloudevent.Event) (types.PutEventsRequestEntry, error) {
	if len(event.Type()) > maxDetailType {
		return types.PutEventsRequestEntry{}, ErrType
	}
	entry := types.PutEventsRequestEntry{
		EventBusName: &s.bus,
		Source:       aws.String(Source),
		DetailType:   aws.String(event.Type()),
		Detail:       aws.String(string(event.JSON())),
	}
	if at := event.Time(); !at.IsZero() {
		entry.Time = &at
	}
	if size := size(entry); size > maxBytes {
		return entry, &sink.TooLargeError{Size: size, Limit: maxBytes}
	}
	return entry, nil
}

// size returns an entry's size as EventBridge counts it (eb-putevent-size.html, as above).
func size(entry types.PutEventsRequestEntry) int {
	size := len(*entry.Source) + len(*entry.DetailType) + len(*entry.Detail)
	if entry.Time != nil {
		size += timeBytes
	}
	return size
}

// refusal returns the error of the only entry of a call that succeeded, nil if the entry succeeded
// too.
func refusal(output *eventbridge.PutEventsOutput) error {
	if output.FailedEntryCount == 0 && len(output.Entries) == 1 && output.Entries[0].EventId != nil {
		return nil
	}
	if len(output.Entries) != 1 || output.Entries[0].ErrorCode == nil {
		return &entryError{code: "Unknown"}
	}
	return &entryError{code: *output.Entries[0].ErrorCode}
}

// entryError is the failure of one entry. It leaves out the service's message, which may repeat
// what was sent. It implements smithy.APIError.
type entryError struct{ code string }

func (e *entryError) Error() string                 { return "entry refused: " + e.code }
func (e *entryError) ErrorCode() string             { return e.code }
func (e *entryError) ErrorMessage() string          { return "" }
func (e *entryError) ErrorFault() smithy.ErrorFault { return smithy.FaultUnknown }

// RetryableError tells the SDK's retry rules which failures are temporary
// (docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html, read
// 2026-11).
func (e *entryError) RetryableError() bool {
	return e.code == "InternalFailure" || e.code == "ThrottlingException"
}

// isOverLimit reports whether the service refused the entry as too large. The wording is not
// documented. If it changes, the refusal is treated as any other error.
func isOverLimit(err error) bool {
	var said smithy.APIError
	return errors.As(err, &said) && said.ErrorCode() == "ValidationException" &&
		strings.Contains(said.ErrorMessage(), "Total size of the entries in the request is over the limit")
}

// isBus reports whether bus can be the name of a bus or its ARN
// (docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html, read
// 2026-11).
func isBus(bus string) bool {
	name := bus
	if isARN(bus) {
		found := false
		if _, name, found = strings.Cut(bus, ":event-bus/"); !found {
			return false
		}
	}
	for _, c := range []byte(name) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("/.-_", c) >= 0) {
			return false
		}
	}
	return name != "" && len(name) <= 256
}

func isARN(bus string) bool { return strings.HasPrefix(bus, "arn:") }
