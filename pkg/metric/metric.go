// Package metric turns measurements into attributes of a log line, so that one
// line is both the log of a request and its metrics, and no agent is needed. On AWS
// the line carries CloudWatch's embedded metric format, which Lambda's log group reads;
// elsewhere the same names stand in it as plain numbers.
//
// Source: "Specification: Embedded metric format", Amazon CloudWatch User Guide, read 2026-11-24.
package metric

import (
	"log/slog"
	"time"
)

// Namespace is where CloudWatch files the metrics.
const Namespace = "msgext"

// Names of the metrics. The alarms in template.yaml are built on them.
const (
	Accepted       = "Accepted"       // requests answered OK
	Rejected       = "Rejected"       // requests refused, by reason
	Failed         = "Failed"         // requests that our side failed
	FailedDelivery = "FailedDelivery" // followed by a space and the destination: deliveries it did not take
	DeliveryTime   = "DeliveryTime"   // milliseconds until everything configured had the event
	RequestTime    = "RequestTime"    // milliseconds from arrival to reply
	ColdStart      = "ColdStart"      // 1 for the first request of a process
	RelayTime      = "RelayTime"      // milliseconds the app's backend took
	RelayFailed    = "RelayFailed"    // commands that it did not answer
	RelaySkipped   = "RelaySkipped"   // commands that it was not asked to, because it had failed before

	Checked    = "Checked"    // messages looked at
	Gaps       = "Gaps"       // of them, with a version missing
	Read       = "Read"       // read back from Chat
	Repaired   = "Repaired"   // changed by a read, or told to sinks that had missed something
	Unrepaired = "Unrepaired" // still with a gap, a failed read or a failed delivery
	Ahead      = "Ahead"      // brought back from versions Chat does not have
	LongestDue = "LongestDue" // milliseconds the longest-waiting message had been due
)

// Unit is a unit as CloudWatch spells it.
type Unit string

// Units in use.
const (
	Count        Unit = "Count"
	Milliseconds Unit = "Milliseconds"
)

// Value is one measurement.
type Value struct {
	Name   string
	Unit   Unit
	Number float64
}

// Format says how measurements are written.
type Format int

// The formats.
const (
	Off      Format = iota // not at all: the local process
	Plain                  // as attributes under their names: SCF
	Embedded               // the same, with CloudWatch's metadata: Lambda
)

// Attrs returns the measurements as attributes for one log line. Each is counted as a
// whole and, for every dimension, apart by the value the line has under that key. The line
// must be written as JSON with the attributes at its root.
func (f Format) Attrs(at time.Time, values []Value, dimensions ...string) []slog.Attr {
	if f == Off || len(values) == 0 {
		return nil
	}
	attrs := make([]slog.Attr, 0, len(values)+1)
	for _, value := range values {
		attrs = append(attrs, slog.Float64(value.Name, value.Number))
	}
	if f == Embedded {
		attrs = append(attrs, slog.Any("_aws", metadata(at, values, dimensions)))
	}
	return attrs
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
	Unit Unit
}

func metadata(at time.Time, values []Value, dimensions []string) awsMetadata {
	sets := [][]string{{}}
	for _, dimension := range dimensions {
		sets = append(sets, []string{dimension})
	}
	definitions := make([]definition, len(values))
	for i, value := range values {
		definitions[i] = definition{value.Name, value.Unit}
	}
	return awsMetadata{
		Timestamp:         at.UnixMilli(),
		CloudWatchMetrics: []directive{{Namespace, sets, definitions}},
	}
}
