package processtest

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"msgext/internal/sample"
)

// Samples returns the full events of testdata/events/<cloud>, aws or scf. All of them carry one
// request. It fails where there are none.
func Samples(t testing.TB, cloud string) []sample.Event {
	t.Helper()
	events, err := sample.Events(filepath.Join(root(), "testdata", "events", cloud))
	require.NoError(t, err)
	return events
}

// SampleRequest is what every one of Samples carries. Gateways that decode the query before they pass it on
// may bring it encoded otherwise and in another order.
func SampleRequest() sample.Request {
	return sample.Request{
		Method: "POST",
		Path:   "/webhook",
		RawQuery: "app=chat%20%26%20more&SdkAppid=1400000000&CallbackCommand=Group.CallbackAfterGroupMsgExtension&contenttype=json&ClientIP=203.0.113.7" +
			"&OptPlatform=RESTAPI&Sign=17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061&RequestTime=1669872112",
		Body: `{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"test","MsgSeq":10,"OperateType":1,` +
			`"ExtensionList":[{"Key":"key2","Value":"value2","Seq":56},{"Key":"key3","Value":"12122","Seq":56}],"Seq":56,"EventTime":1764688294360}`,
	}
}
