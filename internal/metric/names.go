package metric

import "slices"

// Namespace is where CloudWatch files the metrics.
const Namespace = "msgext"

// Names of the metrics. docs/metrics.md says what each means.
const (
	Requests       = "Requests"       // webhooks that were answered, with whatever answer
	Accepted       = "Accepted"       // changes that the store and every sink have taken
	Rejected       = "Rejected"       // requests refused, by Refusal
	Failed         = "Failed"         // requests that failed because of an error on our side
	OtherCommands  = "OtherCommands"  // commands that are not for us, whoever answered them
	Probes         = "Probes"         // the console's tests of the URL
	Announced      = "Announced"      // messages whose extensions are expected from now on
	Doubted        = "Doubted"        // refused bodies whose message will be read back
	Lost           = "Lost"           // refused bodies whose message could not be noted for repair
	FailedDelivery = "FailedDelivery" // deliveries that a destination did not take
	DeliveryTime   = "DeliveryTime"   // time until the store and every sink had the event
	RequestTime    = "RequestTime"    // time from arrival to reply
	RelayTime      = "RelayTime"      // time that the app's backend took
	RelayFailed    = "RelayFailed"    // commands that the backend did not answer
	RelaySkipped   = "RelaySkipped"   // commands not sent to the backend, because it failed before
	Overloaded     = "Overloaded"     // requests that the server turned away at its limit

	Checked          = "Checked"          // messages that were checked
	Gaps             = "Gaps"             // checked messages with a missing version
	Read             = "Read"             // messages that were read back from Chat
	Healed           = "Healed"           // messages with a loss that repair has repaired
	RepairFailed     = "RepairFailed"     // runs that could not start, 0 or 1
	Drift            = "Drift"            // sampled messages that differed from Chat
	AnnouncedSkipped = "AnnouncedSkipped" // announced messages for which a run had no time
	Open             = "Open"             // messages that are not settled after a check
	Stuck            = "Stuck"            // messages that were given up
	OldestDue        = "OldestDue"        // how long the longest waiting message has been due
)

// Refusals by which Rejected is counted apart.
const (
	RefusedSignature = "signature" // unsigned, or not signed with our token now
	RefusedApp       = "app"       // another app's
	RefusedAddress   = "address"   // from an address that may not call
	RefusedOther     = "other"
)

// Refusals are all of them.
func Refusals() []string {
	return []string{RefusedSignature, RefusedApp, RefusedAddress, RefusedOther}
}

// Kind says what the values of a metric mean.
type Kind int

// The kinds. A gauge keeps its value until the next one. It is absent where the value is not known.
const (
	Count Kind = iota // adds up
	Gauge
	Span // a duration; each value is one of many
)

// Source says which program measures.
type Source int

// The sources. A metric that only the server measures does not exist for a function.
const (
	Webhook Source = iota
	Repair
	Server
)

// A Metric describes one name.
type Metric struct {
	Name   string
	Kind   Kind
	Source Source
}

// All returns every metric.
func All() []Metric {
	return []Metric{
		{Requests, Count, Webhook}, {Accepted, Count, Webhook}, {Rejected, Count, Webhook}, {Failed, Count, Webhook},
		{OtherCommands, Count, Webhook}, {Probes, Count, Webhook}, {Announced, Count, Webhook},
		{Doubted, Count, Webhook}, {Lost, Count, Webhook}, {FailedDelivery, Count, Webhook},
		{DeliveryTime, Span, Webhook}, {RequestTime, Span, Webhook},
		{RelayTime, Span, Webhook}, {RelayFailed, Count, Webhook}, {RelaySkipped, Count, Webhook},
		{Overloaded, Count, Server},
		{Checked, Count, Repair}, {Gaps, Count, Repair}, {Read, Count, Repair}, {Healed, Count, Repair},
		{RepairFailed, Count, Repair}, {Drift, Count, Repair}, {AnnouncedSkipped, Count, Repair},
		{Open, Gauge, Repair}, {Stuck, Gauge, Repair}, {OldestDue, Gauge, Repair},
	}
}

// milliseconds are the metrics whose unit is milliseconds. All others are counts.
var milliseconds = []string{DeliveryTime, RequestTime, RelayTime, OldestDue}

// IsMilliseconds reports whether a metric's unit is milliseconds. Otherwise it is a count.
func IsMilliseconds(name string) bool { return slices.Contains(milliseconds, name) }
