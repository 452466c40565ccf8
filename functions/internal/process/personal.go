package process

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"msgext/internal/loopback"
	"msgext/pkg/webhook"
)

// personal serves people on this machine. It refuses every request that may come from elsewhere,
// and names the rule.
func personal(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rule := strange(r); rule != "" {
			webhook.Fail("this process answers this machine alone: "+rule).Write(w, http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// strange returns the rule by which a request did not come from a browser or a shell on this
// machine, or "" if no rule applies. The peer's address says nothing: a tunnel also connects from
// this machine.
func strange(r *http.Request) string {
	switch {
	case r.URL.Host != "":
		return "an absolute target is a proxy's"
	case !loopback.IsHost(hostname(r.Host)):
		// A page of another site can point its own name at loopback and read the replies (DNS
		// rebinding).
		return "Host is not loopback"
	case isForwarded(r.Header):
		// A tunnel that rewrites Host still adds a header that says where the request came from.
		return "a header says that the request was forwarded"
	}
	return crossSite(r.Header)
}

// crossSite returns the rule by which the browser says that a page of another site sends the
// request, or "" if it does not say so.
func crossSite(header http.Header) string {
	if site := header.Get("Sec-Fetch-Site"); site == "cross-site" && header.Get("Sec-Fetch-Mode") != "navigate" {
		return "asked by a page of another site"
	}
	origin := header.Get("Origin")
	if origin == "" {
		return ""
	}
	if at, err := url.Parse(origin); err != nil || !loopback.IsHost(at.Hostname()) {
		return "Origin is not loopback"
	}
	return ""
}

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

// isForwarded reports whether a header is one that proxies and tunnels add: Forwarded and Via (RFC
// 7239, RFC 9110), and the headers of their own that many use.
func isForwarded(header http.Header) bool {
	for name := range header {
		name = strings.ToLower(name)
		switch name {
		case "via", "cdn-loop":
			return true
		}
		for _, part := range []string{"forwarded", "client-ip", "real-ip", "connecting-ip", "original-host", "proxyuser", "cluster-client"} {
			if strings.Contains(name, part) {
				return true
			}
		}
		for _, prefix := range []string{"cf-", "x-original-", "x-envoy-", "x-tunnel-", "ngrok-", "tailscale-", "x-amzn-", "x-appengine-", "x-cloud-trace-"} {
			if strings.HasPrefix(name, prefix) {
				return true
			}
		}
	}
	return false
}

// unsigned serves webhooks that nothing authenticates. Without its rules a page of another site
// could send them through a browser on this machine.
func unsigned(webhooks http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rule := crossSite(r.Header)
		if !loopback.IsHost(hostname(r.Host)) || r.URL.Host != "" {
			rule = "Host is not loopback"
		}
		if rule != "" {
			webhook.Fail("MSGEXT_ALLOW_UNSIGNED takes webhooks from this machine alone: "+rule).Write(w, http.StatusForbidden)
			return
		}
		webhooks.ServeHTTP(w, r)
	})
}
