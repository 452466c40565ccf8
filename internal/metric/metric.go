// Package metric turns measurements into attributes of a log line, so that one
// line is both the log of a request and its metrics, and no agent is needed. On AWS
// the line carries CloudWatch's embedded metric format, which Lambda's log group reads;
// elsewhere the same names stand in it as plain numbers.
//
// Source: "Specification: Embedded metric format", Amazon CloudWatch User Guide, read 2026-11-24.
package metric

import (
	"log/slog"
	"slices"
	"time"
)

// Namespace is where CloudWatch files the metrics.
const Namespace = "msgext"

// Names of the metrics. The alarms in template.yaml are built on them.
const (
	Accepted       = "Accepted"       // requests answered OK
	Rejected       = "Rejected"       // requests refused, by reason
	Doubted        = "Doubted"        // of those refused: the message is to be read back, for something happened to it that could not be taken in
	Failed         = "Failed"         // requests that our side failed
	FailedDelivery = "FailedDelivery" // followed by a space and the destination: deliveries it did not take
	DeliveryTime   = "DeliveryTime"   // milliseconds until everything configured had the event
	RequestTime    = "RequestTime"    // milliseconds from arrival to reply
	ColdStart      = "ColdStart"      // 1 for the first request of a process
	RelayTime      = "RelayTime"      // milliseconds the app's backend took
	RelayFailed    = "RelayFailed"    // commands that it did not answer
	RelaySkipped   = "RelaySkipped"   // commands that it was not asked to, because it had failed before
	Overloaded     = "Overloaded"     // requests that the server turned away, because too many were in hand

	Checked          = "Checked"          // messages looked at
	Gaps             = "Gaps"             // of them, with a version missing
	Read             = "Read"             // read back from Chat
	Repaired         = "Repaired"         // changed by a read, or told to sinks that had missed something
	Unrepaired       = "Unrepaired"       // still with a gap, a failed read or a failed delivery
	Ahead            = "Ahead"            // brought back from versions Chat does not have
	Drift            = "Drift"            // messages of a sample that were not as Chat has them
	AnnouncedSkipped = "AnnouncedSkipped" // announced messages for which a run had no time
	LongestDue       = "LongestDue"       // milliseconds the longest-waiting message had been due
)

// milliseconds are the names whose unit is that; all others are counts.
var milliseconds = []string{DeliveryTime, RequestTime, RelayTime, LongestDue}

// IsMilliseconds reports whether that is a metric's unit; otherwise it is a count.
func IsMilliseconds(name string) bool { return slices.Contains(milliseconds, name) }

// A Format says how measurements are written into a log line: it returns what the line carries for
// those measured at a time, each a number under its name. Each is counted as a whole and, for every
// dimension, apart by the value that the line has under that key. It is an alias, so that public
// packages take a function in plain types.
type Format = func(at time.Time, measured []slog.Attr, dimensions ...string) []slog.Attr

// Plain writes measurements as they are: SCF.
func Plain(_ time.Time, measured []slog.Attr, _ ...string) []slog.Attr { return measured }

// Embedded adds CloudWatch's metadata: Lambda. The line must be written as JSON with the attributes
// at its root.
func Embedded(at time.Time, measured []slog.Attr, dimensions ...string) []slog.Attr {
	if len(measured) == 0 {
		return nil
	}
	return append(measured, slog.Any("_aws", metadata(at, measured, dimensions)))
}

type awsMetadata struct {
	Timestamp         int64 // Unix milliseconds
	CloudWatchMetrics []directive
}

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []definition
}

type definition struct {
	Name string
	Unit string
}

func metadata(at time.Time, measured []slog.Attr, dimensions []string) *awsMetadata {
	m := &struct { // allocated as one, with room for what a line usually has
		awsMetadata
		directives  [1]directive
		dimensions  [2][]string
		definitions [8]definition
	}{}
	sets := append(m.dimensions[:0], []string{})
	for i := range dimensions {
		sets = append(sets, dimensions[i:i+1])
	}
	definitions := m.definitions[:0]
	for _, value := range measured {
		unit := "Count"
		if IsMilliseconds(value.Key) {
			unit = "Milliseconds"
		}
		definitions = append(definitions, definition{value.Key, unit})
	}
	m.directives[0] = directive{Namespace, sets, definitions}
	m.awsMetadata = awsMetadata{at.UnixMilli(), m.directives[:]}
	return &m.awsMetadata
}
