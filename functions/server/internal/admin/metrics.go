// Package admin answers those who run the server: whether it lives, whether it can serve, and what
// it has measured.
package admin

import (
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"msgext/internal/metric"
)

// buckets are of times in milliseconds, as on the other platforms. Chat waits 2,000.
var buckets = []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 1500, 2000, 5000}

// Metrics keeps what was measured, under the names that the other platforms give it with "msgext_"
// in front. It is safe for concurrent use.
type Metrics struct {
	registry   *prometheus.Registry
	counters   map[string]prometheus.Counter
	rejected   *prometheus.CounterVec // by refusal
	gauges     map[string]*prometheus.GaugeVec
	histograms map[string]prometheus.Histogram
}

// NewMetrics returns Metrics with a registry of their own, which has the process's figures and Go's
// besides. version is the value of a label of msgext_Build.
func NewMetrics(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		counters: make(map[string]prometheus.Counter), gauges: make(map[string]*prometheus.GaugeVec),
		histograms: make(map[string]prometheus.Histogram),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: metric.Namespace, Name: "Build", Help: "Which build this is; always 1.", ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	m.registry.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, known := range metric.All() {
		m.registry.MustRegister(m.collector(known))
	}
	return m
}

const help = "See docs/metrics.md."

// collector makes what keeps a metric. A gauge is a vector without labels, because only such a one
// can be absent.
func (m *Metrics) collector(known metric.Metric) prometheus.Collector {
	name := known.Name
	switch known.Kind {
	case metric.Gauge:
		m.gauges[name] = prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: metric.Namespace, Name: name, Help: help}, nil)
		return m.gauges[name]
	case metric.Span:
		m.histograms[name] = prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: metric.Namespace, Name: name, Help: help, Buckets: buckets})
		return m.histograms[name]
	}
	options := prometheus.CounterOpts{Namespace: metric.Namespace, Name: name, Help: help}
	if name == metric.Rejected {
		m.rejected = prometheus.NewCounterVec(options, []string{metric.KeyRefusal})
		for _, refusal := range metric.Refusals() {
			m.rejected.WithLabelValues(refusal)
		}
		return m.rejected
	}
	m.counters[name] = prometheus.NewCounter(options)
	return m.counters[name]
}

// Format is a metric.Format that keeps the measurements and has the line say the same.
func (m *Metrics) Format(at time.Time, measured []slog.Attr, refusal string) []slog.Attr {
	for _, value := range measured {
		m.add(value.Key, refusal, value.Value.Float64())
	}
	if has(measured, metric.Checked) { // what a run does not say of what is left, nobody knows
		for name, gauge := range m.gauges {
			if !has(measured, name) {
				gauge.Reset()
			}
		}
	}
	return metric.Plain(at, measured, refusal)
}

func has(measured []slog.Attr, name string) bool {
	return slices.ContainsFunc(measured, func(value slog.Attr) bool { return value.Key == name })
}

// Overloaded counts one request that was turned away.
func (m *Metrics) Overloaded() { m.add(metric.Overloaded, "", 1) }

func (m *Metrics) add(name, refusal string, value float64) {
	if name == metric.Rejected {
		m.rejected.WithLabelValues(refusal).Add(value)
	} else if counter, found := m.counters[name]; found {
		counter.Add(value)
	} else if gauge, found := m.gauges[name]; found {
		gauge.WithLabelValues().Set(value)
	} else if histogram, found := m.histograms[name]; found {
		histogram.Observe(value)
	}
}

func (m *Metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 2})
}
