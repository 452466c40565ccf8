package processtest

import "msgext/internal/sample"

// SampleRequest is the request that every one of sample.Events carries. Gateways that decode the
// query before they pass it on may encode it differently and in another order.
func SampleRequest() sample.Request {
	return sample.Request{
		Method: "POST",
		Path:   "/webhook",
		RawQuery: "app=chat%20%26%20more&SdkAppid=1400000000&CallbackCommand=Group.CallbackAfterGroupMsgExtension&contenttype=json&ClientIP=203.0.113.7" +
			"&OptPlatform=RESTAPI&Sign=17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061&RequestTime=1669872112",
		Body: sample.Changes()[0],
	}
}
