package chatapi

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"msgext/internal/outbound"
	"msgext/pkg/secret"
)

// Defaults of Options.
const (
	DefaultCallsPerSecond = 195
	DefaultCallTimeout    = 3 * time.Second
)

const (
	// burst is how many calls may be made at once after a pause. With the default rate no second
	// has more than 200 calls, above which Chat refuses calls (trtc.io/document/52169).
	burst       = 4
	maxIdle     = 64                     // kept connections: all calls go to one host
	maxAttempts = 4                      // per call
	firstWait   = 200 * time.Millisecond // no user waits for repair, so it may be long
)

// Options configure a Client. The first four are required. All others may be left zero.
type Options struct {
	// Endpoint is the app's region: china, singapore, seoul, tokyo, frankfurt, silicon-valley,
	// jakarta, mumbai. It may also be a base URL: https://, or http:// to loopback.
	Endpoint string

	SDKAppID  string        // decimal
	Admin     string        // an account that the console lists as an admin of the app
	SecretKey secret.String // the app's key, from which UserSigs are made

	// HTTPClient makes the calls. When nil, the client makes its own. Its CheckRedirect is not
	// used: a redirect is a failure, because following one would send the UserSig along in the
	// Referer.
	HTTPClient *http.Client

	// CallsPerSecond limits this client's calls, including repeated ones. DefaultCallsPerSecond
	// when zero.
	CallsPerSecond float64

	// CallTimeout limits one try of one call. DefaultCallTimeout when zero.
	CallTimeout time.Duration

	// Now is the clock for the expiry of a UserSig and the beginning of a read; time.Now when nil.
	// Waits use real time.
	Now func() time.Time

	// Rand makes the random parameter of each call and the random part of the waits. It must be
	// safe for concurrent use. When nil, math/rand/v2 is used.
	Rand func() uint32
}

// Client calls Chat's REST API for one app. It is safe for concurrent use. The rate limit holds for
// all its callers together.
type Client struct {
	base    string
	app     string
	admin   string
	signer  func() *signer // a function, so that no verb of fmt's reaches the key
	http    *http.Client
	limiter *rate.Limiter
	timeout time.Duration
	rand    func() uint32
	now     func() time.Time
	pace    outbound.Policy
}

// New returns a client. It makes no call. Its error is ErrOptions.
func New(options Options) (*Client, error) {
	base, err := parseEndpoint(options.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("%w: Endpoint: %w", ErrOptions, err)
	}
	appID, err := strconv.Atoi(options.SDKAppID)
	switch {
	case err != nil || appID <= 0 || strconv.Itoa(appID) != options.SDKAppID:
		return nil, fmt.Errorf("%w: SDKAppID: not a decimal number", ErrOptions)
	case options.Admin == "":
		return nil, fmt.Errorf("%w: Admin: missing", ErrOptions)
	case options.SecretKey == "":
		return nil, fmt.Errorf("%w: SecretKey: missing", ErrOptions)
	}
	if options.CallsPerSecond == 0 {
		options.CallsPerSecond = DefaultCallsPerSecond
	}
	if options.CallTimeout == 0 {
		options.CallTimeout = DefaultCallTimeout
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Rand == nil {
		options.Rand = rand.Uint32
	}
	return &Client{
		base:    base,
		app:     options.SDKAppID,
		admin:   options.Admin,
		signer:  newSigner(appID, options),
		http:    withoutRedirects(options.HTTPClient),
		limiter: rate.NewLimiter(rate.Limit(options.CallsPerSecond), burst),
		timeout: options.CallTimeout,
		rand:    options.Rand,
		now:     options.Now,
		pace:    outbound.Policy{Tries: maxAttempts, First: firstWait, Rand: options.Rand},
	}, nil
}

func withoutRedirects(given *http.Client) *http.Client {
	var client http.Client
	if given != nil {
		client = *given
	} else if transport, ok := http.DefaultTransport.(*http.Transport); ok {
		transport = transport.Clone()
		transport.MaxIdleConnsPerHost = maxIdle // the default keeps two
		client.Transport = transport
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}
