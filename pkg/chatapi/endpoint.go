package chatapi

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"msgext/internal/loopback"
	"msgext/internal/outbound"
)

// host returns the host that serves a region's apps (trtc.io/document/52169), "" for an unknown
// region.
func host(region string) string {
	switch region {
	case "china":
		return "console.tim.qq.com"
	case "singapore":
		return "adminapisgp.im.qcloud.com"
	case "seoul":
		return "adminapikr.im.qcloud.com"
	case "tokyo":
		return "adminapijpn.im.qcloud.com"
	case "frankfurt":
		return "adminapiger.im.qcloud.com"
	case "silicon-valley":
		return "adminapiusa.im.qcloud.com"
	case "jakarta":
		return "adminapiidn.im.qcloud.com"
	case "mumbai":
		return "adminapiind.im.qcloud.com"
	}
	return ""
}

const regions = "china, singapore, seoul, tokyo, frankfurt, silicon-valley, jakarta, mumbai"

// CheckEndpoint reports whether New accepts an endpoint. It is for checking configuration before
// the rest is known. Its error is ErrOptions.
func CheckEndpoint(endpoint string) error {
	if _, err := parseEndpoint(endpoint); err != nil {
		return fmt.Errorf("%w: Endpoint: %w", ErrOptions, err)
	}
	return nil
}

// parseEndpoint turns a region's name or a base URL into a base URL without a trailing slash.
func parseEndpoint(endpoint string) (string, error) {
	if host := host(endpoint); host != "" {
		return "https://" + host, nil
	}
	u, err := url.Parse(endpoint)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return "", fmt.Errorf("neither a region (%s) nor a base URL", regions)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("a base URL has no credentials, query or fragment")
	case u.Port() != "" && !outbound.IsPort(u.Port()):
		return "", errors.New("a port is a number from 1 to 65535")
	case strings.HasPrefix(u.Path, "/v4"):
		return "", errors.New("a base URL ends before /v4: every call begins with it")
	case u.Scheme != "https" && !(u.Scheme == "http" && loopback.IsHost(u.Hostname())):
		return "", errors.New("a base URL is https://, or http:// to loopback: every call carries a signature in its URL")
	}
	return strings.TrimSuffix(u.String(), "/"), nil
}
