package chatsim_test

import (
	"context"
	"fmt"
	"time"

	"msgext/pkg/chatsim"
)

// Ten messages and a thousand changes, a tenth of the webhooks lost, played in no time on a
// simulated clock.
func Example() {
	now := time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC)
	sim := chatsim.New(chatsim.Options{SDKAppID: "1400000000", Token: "xxxxyyyy", Now: func() time.Time { return now }})

	plan := sim.Plan(chatsim.Workload{Seed: 1, Changes: 1000}, chatsim.Faults{Seed: 1, Drop: 0.1, KeepLast: true})
	report, err := sim.Play(context.Background(), plan, chatsim.Player{
		Wait: func(_ context.Context, until time.Time) error {
			now = until
			return nil
		},
		Send: func(_ context.Context, d chatsim.Delivery) error {
			// A real one is chatsim.Sender(http.DefaultClient, "http://127.0.0.1:8080/").
			return nil
		},
	})
	fmt.Println(err, len(sim.Messages()), "messages", report.Changes, "changes", report.Dropped+report.Delivered, "webhooks lost or delivered")
	// Output: <nil> 10 messages 1000 changes 1000 webhooks lost or delivered
}
