package chatsim_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
)

// FuzzREST checks the simulated Chat against Chat's documentation. Every answer is its JSON with
// status 200. No guessed UserSig is accepted. A read returns the truth, which includes every change
// that was answered OK.
func FuzzREST(f *testing.F) {
	f.Add("group_get_key_values", "", `{"GroupId":"test","MsgSeq":10,"StartSeq":1}`)
	f.Add("group_set_key_values", "", `{"GroupId":"test","MsgSeq":10,"OperateType":1,"ExtensionList":[{"Key":"k","Value":"v","Seq":0}]}`)
	f.Add("set_key_values", "", `{"From_Account":"a","To_Account":"b","MsgKey":"93847636_1287657_1764688415","OperateType":3}`)
	f.Add("get_key_values", "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwoYGBkZQ8eKU7MSCgswUJSsTAwMDYzMzQ2OITEpmXmaVkpURWM7I3MQEAHQlGbo_", `{}`)
	options := restOptions()
	now := time.Now()
	// A fixed time, at which the UserSig below is valid.
	options.Now = func() time.Time { return now }
	good := credentials(f)
	goodQuery := good.Encode()
	seed := []msgext.KeyValue{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}}
	f.Fuzz(func(t *testing.T, command, sig, body string) {
		sim := chatsim.New(options)
		for _, message := range []msgext.Message{group, c2c} {
			if _, err := sim.Change(chatsim.Change{Message: message, Operation: msgext.Set, KeyValues: seed}); err != nil {
				t.Fatal(err)
			}
		}
		query := goodQuery
		if sig != "" && sig != good.Get("usersig") {
			query = "sdkappid=1400000000&identifier=administrator&random=1&contenttype=json&usersig=" + url.QueryEscape(sig)
		}
		w := recorder{header: http.Header{}}
		sim.Handler().ServeHTTP(&w, &http.Request{
			Method: http.MethodPost, URL: &url.URL{Path: service + command, RawQuery: query}, Body: nopCloser{strings.NewReader(body)},
		})
		var answer struct {
			ActionStatus string
			ErrorCode    *int
			LatestSeq    int64
			CompleteFlag int
			List         json.RawMessage `json:"ExtensionList"`
		}
		if err := json.Unmarshal(w.body.Bytes(), &answer); err != nil || w.status != 0 && w.status != http.StatusOK {
			t.Fatalf("status %d, %s: %v", w.status, w.body.Bytes(), err)
		}
		if answer.ErrorCode == nil || (*answer.ErrorCode == 0) != (answer.ActionStatus == "OK") {
			t.Fatalf("%s", w.body.Bytes())
		}
		ok := *answer.ErrorCode == 0
		if query != goodQuery && ok {
			t.Fatal("somebody guessed a UserSig")
		}
		changed := false
		for _, message := range []msgext.Message{group, c2c} {
			truth := sim.Truth(message)
			for _, kv := range truth.ExtensionList {
				if kv.Seq > truth.LatestSeq || kv.Seq <= truth.ClearSeq {
					t.Fatalf("%+v", truth)
				}
			}
			changed = changed || truth.LatestSeq != 1
		}
		switch {
		case changed && (!ok || !strings.HasSuffix(command, "set_key_values")):
			t.Fatalf("it changed something, and answered %s", w.body.Bytes())
		case ok && strings.HasSuffix(command, "get_key_values"):
			message := c2c
			if command == "group_get_key_values" {
				message = group
			}
			truth := sim.Truth(message)
			var list []msgext.KeyValue
			if err := json.Unmarshal(answer.List, &list); err != nil || answer.LatestSeq != truth.LatestSeq || answer.CompleteFlag != 1 {
				t.Fatalf("%s, where the truth is %+v: %v", w.body.Bytes(), truth, err)
			}
			for _, kv := range list {
				if kv != seededAt1(kv.Key) {
					t.Fatalf("%+v is not in the truth", kv)
				}
			}
		}
	})
}

// seededAt1 is a key-value of the seed corpus.
func seededAt1(key string) msgext.KeyValue {
	return msgext.KeyValue{Key: key, Value: map[string]string{"a": "1", "b": "2"}[key], Seq: 1}
}

// recorder is httptest's without the expensive parts.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header            { return r.header }
func (r *recorder) WriteHeader(status int)         { r.status = status }
func (r *recorder) Write(data []byte) (int, error) { return r.body.Write(data) }

type nopCloser struct{ *strings.Reader }

func (nopCloser) Close() error { return nil }
