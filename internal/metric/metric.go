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

// Keys by which measurements are counted separately: CloudWatch's dimensions. Function applies to
// every measurement. Refusal applies to Rejected as well. It is not the reason of the log line,
// because there are twenty reasons and AWS bills each value of a dimension as a metric.
const (
	KeyFunction = "function"
	KeyRefusal  = "refusal"
)

// A Format writes measurements into a log line. It returns the attributes of the line for what was
// measured at a time; each measurement is a number under its name. refusal is the Refusal by which
// Rejected is counted, and empty in most lines. It is an alias, so that public packages can take a
// function of plain types.
type Format = func(at time.Time, measured []slog.Attr, refusal string) []slog.Attr

// Plain writes measurements as plain attributes. It is for SCF, whose log service knows the
// function of a line.
func Plain(_ time.Time, measured []slog.Attr, refusal string) []slog.Attr {
	if refusal != "" {
		measured = append(measured, slog.String(KeyRefusal, refusal))
	}
	return measured
}

// Embedded returns the Format of a Lambda function, which adds CloudWatch's metadata. The
// function's name is a dimension of every metric, so that two deployments in one account stay
// separate. The line must be JSON with the attributes at its root.
func Embedded(function string) Format {
	return func(at time.Time, measured []slog.Attr, refusal string) []slog.Attr {
		if len(measured) == 0 {
			return nil
		}
		metadata := metadata(at, measured, refusal)
		line := append(Plain(at, measured, refusal), slog.String(KeyFunction, function))
		return append(line, slog.Any("_aws", metadata))
	}
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

func metadata(at time.Time, measured []slog.Attr, refusal string) *awsMetadata {
	m := &struct { // one allocation, with room for a usual line
		awsMetadata
		directives  [1]directive
		sets        [1][]string
		dimensions  [1]string
		definitions [8]definition
	}{}
	definitions := m.definitions[:0]
	for _, value := range measured {
		unit := "Count"
		if IsMilliseconds(value.Key) {
			unit = "Milliseconds"
		}
		definitions = append(definitions, definition{value.Key, unit})
	}
	m.dimensions[0] = KeyFunction
	m.sets[0] = m.dimensions[:]
	m.directives[0] = directive{Namespace, m.sets[:], definitions}
	m.awsMetadata = awsMetadata{at.UnixMilli(), m.directives[:]}
	if refusal != "" {
		m.CloudWatchMetrics = append(m.CloudWatchMetrics,
			directive{Namespace, [][]string{{KeyFunction, KeyRefusal}}, []definition{{Rejected, "Count"}}})
	}
	return &m.awsMetadata
}
