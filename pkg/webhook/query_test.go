package webhook_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"msgext/pkg/webhook"
)

func TestParseQuery(t *testing.T) {
	tests := []struct {
		name, raw string
		want      webhook.Query
		wantErr   error
	}{
		{name: "empty"},
		{name: "as Chat sends it", raw: "SdkAppid=1&CallbackCommand=c&contenttype=json&ClientIP=203.0.113.7&OptPlatform=iOS&Sign=s&RequestTime=t",
			want: webhook.Query{SDKAppID: "1", Command: "c", Sign: "s", RequestTime: "t", HasCommand: true}},
		{name: "after the app's own query", raw: "a=b&a=c&&=&x&SdkAppid=1", want: webhook.Query{SDKAppID: "1"}},
		{name: "names and values decoded once", raw: "Sdk%41ppid=%31&Sign=%2531+2", want: webhook.Query{SDKAppID: "1", Sign: "%31 2"}},
		{name: "another case is another name", raw: "sdkappid=1&SIGN=2"},
		{name: "empty command", raw: "CallbackCommand", want: webhook.Query{HasCommand: true}},
		{name: "twice", raw: "Sign=1&Sign=1", wantErr: webhook.ErrRepeated},
		{name: "twice, once encoded", raw: "Sign=1&%53ign=1", wantErr: webhook.ErrRepeated},
		{name: "twice, once empty", raw: "RequestTime&RequestTime=1", wantErr: webhook.ErrRepeated},
		{name: "bad escape in a name", raw: "%zz=1", wantErr: webhook.ErrQuery},
		{name: "bad escape in a value of the app's own", raw: "a=%2", wantErr: webhook.ErrQuery},
		{name: "semicolon", raw: "a=1;Sign=2", wantErr: webhook.ErrQuery},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := webhook.ParseQuery(test.raw)
			assert.ErrorIs(t, err, test.wantErr)
			assert.Equal(t, test.want, got)
		})
	}
}

func TestParseQuery_AThousandParametersOfTheAppDoNotMatter(t *testing.T) {
	raw := strings.Repeat("a=1&", 1000) + "SdkAppid=1" + strings.Repeat("&b=2", 1000)
	got, err := webhook.ParseQuery(raw)
	require.NoError(t, err)
	assert.Equal(t, webhook.Query{SDKAppID: "1"}, got)
}

func TestParseQuery_ReadsWhatURLValuesEncode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := webhook.Query{
			SDKAppID: rapid.String().Draw(t, "app"), Command: rapid.String().Draw(t, "command"),
			Sign: rapid.String().Draw(t, "sign"), RequestTime: rapid.String().Draw(t, "time"), HasCommand: true,
		}
		raw := url.Values{
			"SdkAppid": {want.SDKAppID}, "CallbackCommand": {want.Command}, "Sign": {want.Sign}, "RequestTime": {want.RequestTime},
			"own": rapid.SliceOf(rapid.String()).Draw(t, "own"),
		}.Encode()
		got, err := webhook.ParseQuery(raw)
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func TestIsBlocking(t *testing.T) {
	for command, want := range map[string]bool{
		"Group.CallbackBeforeSendMsg":          true,
		"C2C.CallbackBeforeSendMsg":            true,
		"Sns.CallbackPrevFriendAdd":            true,
		"Group.CallbackAfterSendMsg":           false,
		"Group.CallbackAfterGroupMsgExtension": false,
		"State.StateChange":                    false,
		"CallbackBeforeSendMsg":                false,
		"":                                     false,
	} {
		assert.Equal(t, want, webhook.IsBlocking(command), command)
	}
}

func TestNamesCommand(t *testing.T) {
	wanted := func(command string) bool { return command == "Group.CallbackBeforeSendMsg" }
	for raw, want := range map[string]bool{
		"CallbackCommand=Group.CallbackBeforeSendMsg":                   true,
		"a=b&CallbackCommand=Group%2ECallbackBeforeSendMsg&%zz=1":       true,
		"a=b;c&Callback%43ommand=Group.CallbackBeforeSendMsg":           true,
		"CallbackCommand=x&CallbackCommand=Group.CallbackBeforeSendMsg": true,
		"CallbackCommand=Group.CallbackAfterSendMsg":                    false,
		"callbackcommand=Group.CallbackBeforeSendMsg":                   false,
		"other=Group.CallbackBeforeSendMsg":                             false,
		"":                                                              false,
	} {
		assert.Equal(t, want, webhook.NamesCommand(raw, wanted), raw)
	}
	anything := func(string) bool { return true }
	assert.False(t, webhook.NamesCommand("CallbackCommand=", anything), "an empty command is none")
}
