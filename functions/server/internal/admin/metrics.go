// Package admin answers operators of the server: whether it runs, whether it is ready, and what it
// has measured.
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

// buckets are in milliseconds, as on the other platforms. Chat waits 2,000.
var buckets = []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 1500, 2000, 5000}

// Metrics keeps measurements under the names of the other platforms with the prefix "msgext_". It
// is safe for concurrent use.
type Metrics struct {
	registry   *prometheus.Registry
	counters   map[string]prometheus.Counter
	rejected   *prometheus.CounterVec // by refusal
	gauges     map[string]*prometheus.GaugeVec
	histograms map[string]prometheus.Histogram
}

// NewMetrics returns Metrics with a registry of their own, which also has the metrics of the
// process and of Go. version is a label of msgext_Build.
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

// collector returns the collector of a metric. A gauge is a vector without labels, because only a
// vector can be absent.
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

// Format is a metric.Format. It keeps the measurements and writes them into the log line as well.
func (m *Metrics) Format(at time.Time, measured []slog.Attr, refusal string) []slog.Attr {
	for _, value := range measured {
		m.add(value.Key, refusal, value.Value.Float64())
	}
	if has(measured, metric.Checked) { // a gauge that this run did not measure is removed
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

// Overloaded counts a request that was turned away.
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
