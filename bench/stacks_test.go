// Package bench measures the whole path of one webhook, gateway event in to response out, beside
// the ordinary stacks doing the same work: the same signature check, the same rules on the body,
// the same reply, no delivery. It is a module of its own, so that the product does not depend on its peers.
package bench

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"

	"msgext/pkg/gateway/awsgw"
	"msgext/pkg/gateway/scfgw"
	"msgext/pkg/receiver"
	"msgext/pkg/secret"
	"msgext/pkg/webhook"
)

const (
	appID = "1400000000"
	token = "xxxxyyyy"

	// window is wider than any run takes: a request that turns stale would be refused for free.
	window = time.Hour
)

// stack is a function of raw bytes, as a runtime starts it.
type stack interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// oursAWS and oursSCF are the product with nothing to deliver to. It writes no log line, as the peers write none.
func oursAWS() stack {
	rc := ours()
	return awsgw.New(rc, http.HandlerFunc(rc.Malformed))
}

func oursSCF() stack {
	rc := ours()
	return scfgw.New(rc, http.HandlerFunc(rc.Malformed))
}

func ours() *receiver.Receiver {
	return receiver.New(receiver.Options{
		Verifier: webhook.Verifier{SDKAppID: appID, Tokens: []secret.String{token}, MaxSkew: window},
		Logger:   slog.New(slog.DiscardHandler),
	})
}

// apiProxy is the best-known adapter over net/http with encoding/json.
func apiProxy() stack {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		status, reply := http.StatusOK, answer(errors.New("body"))
		if err == nil {
			status, reply = handle(r.URL.Query(), body)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(reply)
	})
	return lambda.NewHandler(httpadapter.NewV2(mux).ProxyWithContext)
}

// typed is aws-lambda-go's own way: a handler of the event's struct.
func typed() stack {
	return lambda.NewHandler(func(_ context.Context, event events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		query, err := url.ParseQuery(event.RawQueryString)
		status, reply := http.StatusUnauthorized, answer(err)
		if err == nil {
			status, reply = handle(query, []byte(event.Body))
		}
		body, err := json.Marshal(reply)
		return events.APIGatewayV2HTTPResponse{
			StatusCode: status, Headers: map[string]string{"Content-Type": "application/json"}, Body: string(body),
		}, err
	})
}

type answerBody struct {
	ActionStatus, ErrorInfo string
	ErrorCode               int
}

func answer(err error) answerBody {
	if err != nil {
		return answerBody{"FAIL", err.Error(), 1}
	}
	return answerBody{"OK", "", 0}
}

type keyValue struct {
	Key, Value string
	Seq        int64
}

type event struct {
	CallbackCommand string
	GroupId         string
	MsgSeq          int64
	OperateType     int
	ExtensionList   []keyValue
	Seq             int64
	EventTime       int64
}

// handle is what the peers do of a webhook: authenticate, decode, check, answer.
func handle(query url.Values, body []byte) (int, answerBody) {
	if err := authenticate(query, time.Now()); err != nil {
		return http.StatusUnauthorized, answer(err)
	}
	var e event
	if err := json.Unmarshal(body, &e); err != nil {
		return http.StatusOK, answer(errors.New("body"))
	}
	return http.StatusOK, answer(e.check(query.Get("CallbackCommand")))
}

func authenticate(query url.Values, now time.Time) error {
	for _, name := range []string{"SdkAppid", "CallbackCommand", "Sign", "RequestTime"} {
		if len(query[name]) != 1 {
			return errors.New("parameter")
		}
	}
	seconds, err := strconv.ParseInt(query.Get("RequestTime"), 10, 64)
	if err != nil || query.Get("SdkAppid") != appID {
		return errors.New("parameter")
	}
	if age := now.Sub(time.Unix(seconds, 0)); age.Abs() > window {
		return errors.New("stale")
	}
	sum := sha256.Sum256([]byte(token + query.Get("RequestTime")))
	if subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(query.Get("Sign"))) != 1 {
		return errors.New("signature")
	}
	return nil
}

func (e event) check(command string) error {
	if e.CallbackCommand != command || e.GroupId == "" || e.MsgSeq < 0 || e.Seq < 0 || e.EventTime < 0 {
		return errors.New("field")
	}
	if e.OperateType < 1 || e.OperateType > 3 || (e.OperateType == 3) != (len(e.ExtensionList) == 0) {
		return errors.New("OperateType")
	}
	seen := make(map[string]bool, len(e.ExtensionList))
	for _, kv := range e.ExtensionList {
		if kv.Key == "" || kv.Seq < 0 || seen[kv.Key] {
			return errors.New("ExtensionList")
		}
		seen[kv.Key] = true
	}
	return nil
}
