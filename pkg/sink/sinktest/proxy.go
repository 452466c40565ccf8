package sinktest

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

// fault is a network failure, in toxiproxy's terms
// (github.com/Shopify/toxiproxy/tree/v2.5.0#toxics).
type fault struct {
	name     string
	silences bool // no complete answer gets through
	toxic
}

type toxic struct {
	Type       string         `json:"type"`
	Stream     string         `json:"stream"`
	Attributes map[string]any `json:"attributes"`
}

// faults are the faults that Faults uses. Durations are in milliseconds, and longer than the fault
// lasts.
var faults = []fault{
	{"latency beyond the budget", true, toxic{"latency", "downstream", map[string]any{"latency": 60_000}}},
	{"reset", true, toxic{"reset_peer", "downstream", map[string]any{"timeout": 0}}},
	{"reset in the middle of the request", true, toxic{"limit_data", "upstream", map[string]any{"bytes": 100}}},
	{"closed in the middle of the answer", true, toxic{"limit_data", "downstream", map[string]any{"bytes": 10}}},
	{"black hole", true, toxic{"timeout", "upstream", map[string]any{"timeout": 0}}},
	{"answers lost", true, toxic{"timeout", "downstream", map[string]any{"timeout": 0}}},
	{"slow close", false, toxic{"slow_close", "downstream", map[string]any{"delay": 60_000}}},
}

// Proxy is a connection to one destination that can be made to fail.
type Proxy struct {
	Address string // HOST:PORT
	proxy   *toxiproxy.Proxy
}

// NewProxy starts a proxy to upstream, HOST:PORT. It ends with the test.
func NewProxy(t testing.TB, upstream string) *Proxy {
	t.Helper()
	quiet := zerolog.Nop()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), quiet)
	proxy := toxiproxy.NewProxy(server, "destination", "127.0.0.1:0", upstream)
	require.NoError(t, proxy.Start())
	t.Cleanup(proxy.Stop)
	return &Proxy{Address: proxy.Listen, proxy: proxy}
}

// strike applies the fault to all connections, including existing ones.
func (p *Proxy) strike(t testing.TB, fault fault) {
	t.Helper()
	encoded, err := json.Marshal(fault.toxic)
	require.NoError(t, err)
	_, err = p.proxy.Toxics.AddToxicJson(bytes.NewReader(encoded))
	require.NoError(t, err)
}

// heal ends the fault.
func (p *Proxy) heal() { p.proxy.Toxics.ResetToxics(context.Background()) }

// Pause keeps connections open but lets nothing through, until Heal.
func (p *Proxy) Pause(t testing.TB) {
	p.strike(t, fault{toxic: toxic{"latency", "downstream", map[string]any{"latency": 600_000}}})
}

// Break resets existing and new connections, until Heal.
func (p *Proxy) Break(t testing.TB) {
	p.strike(t, fault{toxic: toxic{"reset_peer", "downstream", map[string]any{"timeout": 0}}})
}

// Refuse ends all connections and accepts no new ones, until Heal.
func (p *Proxy) Refuse() { p.proxy.Stop() }

// Heal ends the effect of Pause, Break or Refuse.
func (p *Proxy) Heal(t testing.TB) {
	p.heal()
	if !p.proxy.Enabled {
		require.NoError(t, p.proxy.Start())
	}
}
