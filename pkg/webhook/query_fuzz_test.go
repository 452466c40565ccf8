package webhook_test

import (
	"errors"
	"net/url"
	"testing"

	"msgext/pkg/webhook"
)

// FuzzParseQuery compares ParseQuery with net/url, which a backend behind the relay may use for the
// same query. ParseQuery must accept what net/url accepts, unless one of the four parameters occurs
// twice, and must read the same values.
func FuzzParseQuery(f *testing.F) {
	f.Add("SdkAppid=1&CallbackCommand=c&contenttype=json&ClientIP=203.0.113.7&OptPlatform=iOS&Sign=s&RequestTime=t")
	f.Add("a=b&a=c&&=&x&Sdk%41ppid=%31&Sign=%2531+2")
	f.Add("CallbackCommand&sdkappid=1&RequestTime=")
	f.Add("Sign=1&%53ign=1")
	f.Add("a=1;Sign=2&%zz=1")
	f.Fuzz(func(t *testing.T, raw string) {
		if len(raw) > 8<<10 {
			return // net/url limits the number of parameters
		}
		got, err := webhook.ParseQuery(raw)
		values, broken := url.ParseQuery(raw)
		repeated := false
		for _, name := range []string{"SdkAppid", "CallbackCommand", "Sign", "RequestTime"} {
			repeated = repeated || len(values[name]) > 1
		}
		switch {
		case err == nil && (broken != nil || repeated):
			t.Fatalf("taken: %+v, of what net/url reads as %v (%v)", got, values, broken)
		case err != nil && !(errors.Is(err, webhook.ErrQuery) && broken != nil || errors.Is(err, webhook.ErrRepeated) && repeated):
			t.Fatalf("refused: %v, where net/url reads %v (%v)", err, values, broken)
		case err != nil && got != webhook.Query{}:
			t.Fatalf("refused, and read all the same: %+v", got)
		}
		if err != nil {
			return
		}
		want := webhook.Query{
			SDKAppID: values.Get("SdkAppid"), Command: values.Get("CallbackCommand"), Sign: values.Get("Sign"), RequestTime: values.Get("RequestTime"),
			HasCommand: values.Has("CallbackCommand"),
		}
		if got != want {
			t.Fatalf("read %+v, net/url reads %+v", got, want)
		}
		if webhook.NamesCommand(raw, func(command string) bool { return command == want.Command }) != (want.Command != "") {
			t.Fatalf("whether it names %q", want.Command)
		}
	})
}
