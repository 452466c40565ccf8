package receiver

import (
	"log/slog"

	"msgext/internal/metric"
	"msgext/pkg/relay"
)

// measurements returns the numbers of a request's log line. Each request is counted exactly once,
// by its fate. Metrics that an alarm compares are in the same line: a share needs both of its
// numbers from the same requests, and a sum needs both metrics to exist.
func (rec *record) measurements(rule rule) []slog.Attr {
	values := append(rec.room.measured[:0],
		count(metric.Requests, 1), count(rec.outcome(rule), 1),
		slog.Float64(metric.RequestTime, milliseconds(rec.took)))
	if rec.delivery > 0 {
		values = append(values, slog.Float64(metric.DeliveryTime, milliseconds(rec.delivery)))
	}
	if rec.backend != nil {
		values = append(values, slog.Float64(metric.RelayTime, milliseconds(rec.backend.Took)))
	}
	if rec.announced {
		values = append(values, count(metric.Announced, 1))
	}
	switch rec.effect {
	case doubted:
		values = append(values, count(metric.Doubted, 1))
	case lost:
		values = append(values, count(metric.Lost, 1))
	}
	failed := len(rec.failed())
	if rule.fate == deferred || failed > 0 {
		values = append(values, count(metric.FailedDelivery, failed))
	}
	if rule.fate != deferred && failed > 0 {
		values = append(values, count(metric.Failed, 0))
	}
	return values
}

// outcome returns the name of the metric that counts a request.
func (rec *record) outcome(rule rule) string {
	switch {
	case rule.err == relay.ErrSkipped:
		return metric.RelaySkipped
	case rule.fate == unanswered:
		return metric.RelayFailed
	case rule.fate == rejected:
		return metric.Rejected
	case rule.fate == deferred:
		return metric.Failed
	case rec.reason == reasonProbe:
		return metric.Probes
	case rec.reason != "":
		return metric.OtherCommands
	}
	return metric.Accepted
}

// refusal returns the reason by which a refused request is counted, "" for a request that was not
// refused.
func (r rule) refusal() string {
	if r.fate != rejected {
		return ""
	}
	switch r.reason {
	case "unsigned", "malformed signature", "stale", "wrong signature":
		return metric.RefusedSignature
	case "foreign app":
		return metric.RefusedApp
	case "foreign address":
		return metric.RefusedAddress
	}
	return metric.RefusedOther
}

func count(name string, n int) slog.Attr { return slog.Float64(name, float64(n)) }
