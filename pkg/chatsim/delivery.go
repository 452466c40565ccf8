package chatsim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"msgext/pkg/msgext"
	"msgext/pkg/webhook"
)

// Delivery is one webhook as it is sent: the query in its URL and its body. Send it as an HTTP
// request (Request, Sender), or convert it to the event that a gateway would make of it.
type Delivery struct {
	Message msgext.Message
	Version int64 // of the change that it reports
	Attempt int   // 1, or more if Chat tries again
	Forgery Forgery
	Garbled bool // its body is not as documented, except for the fields that identify the message

	Command  string
	Platform string // OptPlatform: where the change was made
	ClientIP string // from a block that RFC 5737 reserves for documentation

	// RawQuery is the query that Chat appends to the app's URL, signed at the moment of sending. It
	// is empty in a Plan.
	RawQuery string
	Body     []byte
}

// Forgery distinguishes a forged webhook from a true one, and says how its version compares with
// the true one.
type Forgery int

// A forged webhook's version is below, at, or above that of the truth when it is sent.
const (
	Genuine Forgery = iota
	ForgedBelow
	ForgedAt
	ForgedAbove
)

// Target returns the app's URL with the query appended to its own, if it has one.
func (d Delivery) Target(appURL string) string {
	separator := "?"
	if strings.Contains(appURL, "?") {
		separator = "&"
	}
	return appURL + separator + d.RawQuery
}

// Request returns the HTTP request that Chat makes to the app's URL.
func (d Delivery) Request(ctx context.Context, appURL string) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.Target(appURL), bytes.NewReader(d.Body))
	if err != nil {
		return nil, fmt.Errorf("chatsim: the app's URL: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	return request, nil
}

// sign returns the delivery with the query that Chat would send at the given time.
func (s *Sim) sign(d Delivery, now time.Time) Delivery {
	query := []string{
		"SdkAppid=" + url.QueryEscape(s.options.SDKAppID),
		"CallbackCommand=" + url.QueryEscape(d.Command),
		"contenttype=json",
		"ClientIP=" + url.QueryEscape(d.ClientIP),
		"OptPlatform=" + url.QueryEscape(d.Platform),
	}
	if s.options.Token != "" {
		requestTime := strconv.FormatInt(now.Unix(), 10)
		query = append(query, "Sign="+webhook.Sign(s.options.Token, requestTime), "RequestTime="+requestTime)
	}
	d.RawQuery = strings.Join(query, "&")
	return d
}

// body is either kind of event, with its fields in the order of the vendor's samples.
type body struct {
	CallbackCommand string
	msgext.Address
	change
}

type change struct {
	OperateType   msgext.Operation
	ExtensionList []msgext.KeyValue
	Seq           int64
	EventTime     int64 // milliseconds
}

// change returns the content of an outcome's event.
func (o Outcome) change(c Change, at time.Time) change {
	return change{OperateType: c.Operation, ExtensionList: o.KeyValues, Seq: o.Version, EventTime: at.UnixMilli()}
}

func newDelivery(message msgext.Message, user string, version int64, c change) Delivery {
	if c.ExtensionList == nil {
		c.ExtensionList = []msgext.KeyValue{}
	}
	d := Delivery{Message: message, Version: version, Attempt: 1}
	d.Platform, d.ClientIP = origin(user)
	d.Command = msgext.C2CCommand
	if message.IsGroup() {
		d.Command = msgext.GroupCommand
	}
	d.Body = encode(body{d.Command, message.Address(), c})
	return d
}

func encode(body any) []byte {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		panic(err) // cannot happen: there are only texts and numbers
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))
}

// origin makes up a platform and an address for a user, always the same for the same user.
func origin(user string) (platform, clientIP string) {
	if user == "" {
		return "RESTAPI", "192.0.2.1"
	}
	platforms := []string{"Web", "Android", "iOS", "Windows", "Mac", "iPad"}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(user))
	sum := hash.Sum32()
	return platforms[sum%uint32(len(platforms))], fmt.Sprintf("203.0.113.%d", sum>>8%254+1)
}
