package webhook_test

import (
	"fmt"
	"time"

	"msgext/pkg/secret"
	"msgext/pkg/webhook"
)

func ExampleVerifier_Verify() {
	verifier := webhook.Verifier{
		SDKAppID: "1400000000",
		// Both are valid while one replaces the other.
		Tokens: []secret.String{"xxxxyyyy", "the-next-token"},
	}
	query, err := webhook.ParseQuery("SdkAppid=1400000000&CallbackCommand=State.StateChange" +
		"&Sign=17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061&RequestTime=1669872112")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(verifier.Verify(query, time.Unix(1669872130, 0)))
	fmt.Println(verifier.Verify(query, time.Unix(1669873000, 0)))
	// Output:
	// <nil>
	// webhook: RequestTime too far in the past or the future
}

func ExampleSign() {
	fmt.Println(webhook.Sign("xxxxyyyy", "1669872112"))
	// Output: 17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061
}
