// Package admin answers those who run the server: whether it lives, whether it can serve, and what it has measured.
package admin

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"msgext/internal/metric"
)

// counts are the metrics that add up. Of a destination's failures there is one for each, so those have a label.
var counts = []string{
	metric.Accepted, metric.Rejected, metric.Failed, metric.Overloaded, metric.RelayFailed, metric.RelaySkipped,
	metric.Checked, metric.Gaps, metric.Read, metric.Repaired, metric.Ahead,
}

// lasts are those of which the last run of repair alone says something.
var lasts = []string{metric.Unrepaired, metric.LongestDue}

// spans are times, in milliseconds as on the other platforms. Chat waits 2,000.
var (
	spans   = []string{metric.RequestTime, metric.DeliveryTime, metric.RelayTime}
	buckets = []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 1500, 2000, 5000}
)

// Metrics keeps what was measured, under the names that the other platforms give it with "msgext_" in front. It is safe
// for concurrent use.
type Metrics struct {
	registry   *prometheus.Registry
	counters   map[string]prometheus.Counter
	gauges     map[string]prometheus.Gauge
	histograms map[string]prometheus.Histogram
	failed     *prometheus.CounterVec
}

// NewMetrics returns Metrics with a registry of their own, which has the process's figures and Go's besides. version
// is the value of a label of msgext_Build.
func NewMetrics(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		counters: make(map[string]prometheus.Counter), gauges: make(map[string]prometheus.Gauge),
		histograms: make(map[string]prometheus.Histogram),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: metric.Namespace, Name: metric.FailedDelivery, Help: "Deliveries that a destination did not take.",
		}, []string{"destination"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: metric.Namespace, Name: "Build", Help: "Which build this is; always 1.", ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	m.registry.MustRegister(m.failed, build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, name := range counts {
		m.counters[name] = prometheus.NewCounter(prometheus.CounterOpts{Namespace: metric.Namespace, Name: name, Help: help})
		m.registry.MustRegister(m.counters[name])
	}
	for _, name := range lasts {
		m.gauges[name] = prometheus.NewGauge(prometheus.GaugeOpts{Namespace: metric.Namespace, Name: name, Help: help})
		m.registry.MustRegister(m.gauges[name])
	}
	for _, name := range spans {
		m.histograms[name] = prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: metric.Namespace, Name: name, Help: help, Buckets: buckets})
		m.registry.MustRegister(m.histograms[name])
	}
	return m
}

const help = "See docs/operations.md, Alarms."

// Format is a metric.Format that keeps the measurements and has the line say the same.
func (m *Metrics) Format(at time.Time, measured []slog.Attr, dimensions ...string) []slog.Attr {
	for _, value := range measured {
		m.add(value.Key, value.Value.Float64())
	}
	return metric.Plain(at, measured, dimensions...)
}

// Overloaded counts one request that was turned away.
func (m *Metrics) Overloaded() { m.add(metric.Overloaded, 1) }

func (m *Metrics) add(name string, value float64) {
	if destination, found := strings.CutPrefix(name, metric.FailedDelivery+" "); found {
		m.failed.WithLabelValues(destination).Add(value)
	} else if counter, found := m.counters[name]; found {
		counter.Add(value)
	} else if gauge, found := m.gauges[name]; found {
		gauge.Set(value)
	} else if histogram, found := m.histograms[name]; found {
		histogram.Observe(value)
	}
}

func (m *Metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 2})
}
