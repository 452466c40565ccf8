package peer

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"
)

// Deliver is one call of a vendor's client.
type Deliver func(ctx context.Context, event Event, body []byte) error

// APIProxy is the best-known adapter over net/http with encoding/json. It delivers nothing if
// deliver is nil, and writes no log line if logger is nil.
func APIProxy(deliver Deliver, logger *slog.Logger) lambda.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		event, status, reply := Event{}, http.StatusOK, answer(errors.New("body"))
		if err == nil {
			event, status, reply = receive(r.URL.Query(), body)
		}
		if status == 0 {
			status = http.StatusOK
			if deliver != nil {
				err = deliver(r.Context(), event, body)
				reply = answer(err)
			}
		}
		if logger != nil {
			logger.InfoContext(r.Context(), "webhook", "command", event.CallbackCommand, "app_id", AppID, "group_id", event.GroupId,
				"msg_seq", event.MsgSeq, "op", event.OperateType, "version", event.Seq, "status", reply.ActionStatus, "reason", reply.ErrorInfo,
				"duration_ms", float64(time.Since(started).Microseconds())/1000)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(reply)
	})
	return lambda.NewHandler(httpadapter.NewV2(mux).ProxyWithContext)
}

// Typed is the handler that aws-lambda-go proposes: a function of the event's struct.
func Typed() lambda.Handler {
	return lambda.NewHandler(func(_ context.Context, event events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		query, err := url.ParseQuery(event.RawQueryString)
		status, reply := http.StatusUnauthorized, answer(err)
		if err == nil {
			if _, status, reply = receive(query, []byte(event.Body)); status == 0 {
				status = http.StatusOK
			}
		}
		body, err := json.Marshal(reply)
		return events.APIGatewayV2HTTPResponse{
			StatusCode: status, Headers: map[string]string{"Content-Type": "application/json"}, Body: string(body),
		}, err
	})
}
