package process

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"msgext/internal/loopback"
	"msgext/pkg/webhook"
)

// personal serves people on this machine, and refuses with the name of the rule whatever may come
// from elsewhere.
func personal(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rule := strange(r); rule != "" {
			webhook.Fail("this process answers this machine alone: "+rule).Write(w, http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// strange returns the rule by which a request is not from this machine's own browser or shell, ""
// where none says so. Its address never tells: a tunnel connects from this machine.
func strange(r *http.Request) string {
	switch {
	case r.URL.Host != "":
		return "an absolute target is a proxy's"
	case !loopback.IsHost(hostname(r.Host)):
		// A page elsewhere that has its name rebound to loopback would otherwise read along (DNS
		// rebinding).
		return "Host is not loopback"
	case isForwarded(r.Header):
		// A tunnel that rewrites Host still says for whom it asks.
		return "a header says that the request was forwarded"
	}
	return crossSite(r.Header)
}

// crossSite returns the rule by which a browser says that a page elsewhere asks, "" where it does
// not.
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
// 7239, RFC 9110), and the families of names that each of them has made up since.
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

// unsigned serves webhooks that nothing authenticates: a page elsewhere could send them through the
// browser of whoever is at this machine.
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
