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
	// burst is how many calls may go out at once after a pause. With the default rate no second has
	// more than 200 calls; Chat refuses above that (trtc.io/document/52169).
	burst       = 4
	maxIdle     = 64                     // connections that are kept: all calls go to one host
	maxAttempts = 4                      // at one call
	firstWait   = 200 * time.Millisecond // long against a reply's, because nobody waits for repair
)

// Options configure a Client. The first four are required; the zero value of the others is useful.
type Options struct {
	// Endpoint is where the app lives: china, singapore, seoul, tokyo, frankfurt, silicon-valley,
	// jakarta, mumbai; or a base URL, https:// or http:// to loopback.
	Endpoint string

	SDKAppID  string        // decimal
	Admin     string        // an account that the console lists as an admin of the app
	SecretKey secret.String // the app's key, from which UserSigs are made

	// HTTPClient makes the calls; nil for one of its own. Its CheckRedirect is not used:
	// redirects are failures, because following one would send the UserSig along in the Referer.
	HTTPClient *http.Client

	// CallsPerSecond bounds this client's calls, tries included. DefaultCallsPerSecond when zero.
	CallsPerSecond float64

	// CallTimeout bounds one try of one call. DefaultCallTimeout when zero.
	CallTimeout time.Duration

	// Now tells when a UserSig expires and a read begins; time.Now when nil. Waits are real time.
	Now func() time.Time

	// Rand makes the random parameter of each call and the jitter of the waits. It must be safe for
	// concurrent use; math/rand/v2's when nil.
	Rand func() uint32
}

// Client calls Chat's REST API for one app. It is safe for concurrent use; the rate limit holds for
// all of its callers together.
type Client struct {
	base    string
	app     string
	admin   string
	signer  func() *signer // behind a function, so that no verb of fmt's reaches the key
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
