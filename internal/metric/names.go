package metric

import "slices"

// Namespace is where CloudWatch files the metrics.
const Namespace = "msgext"

// Names of the metrics. docs/metrics.md says what each means.
const (
	Requests       = "Requests"       // webhooks that were answered, whatever the answer
	Accepted       = "Accepted"       // changes that everything configured has taken
	Rejected       = "Rejected"       // requests refused, by Refusal
	Failed         = "Failed"         // requests that our side failed
	OtherCommands  = "OtherCommands"  // commands that are not ours, answered by us or by the app's backend
	Probes         = "Probes"         // the console trying the URL out
	Announced      = "Announced"      // messages whose extensions are expected from now on
	Doubted        = "Doubted"        // refused bodies whose message is read back
	Lost           = "Lost"           // refused bodies whose message could not be noted: nobody reads it back
	FailedDelivery = "FailedDelivery" // deliveries that a destination did not take
	DeliveryTime   = "DeliveryTime"   // until everything configured had the event
	RequestTime    = "RequestTime"    // from arrival to reply
	RelayTime      = "RelayTime"      // what the app's backend took
	RelayFailed    = "RelayFailed"    // commands that it did not answer
	RelaySkipped   = "RelaySkipped"   // commands that it was not asked, because it had failed before
	Overloaded     = "Overloaded"     // requests that the server turned away, because too many were in hand

	Checked          = "Checked"          // messages looked at
	Gaps             = "Gaps"             // of them, with a version missing
	Read             = "Read"             // read back from Chat
	Healed           = "Healed"           // messages with a loss that repair made good
	RepairFailed     = "RepairFailed"     // runs that could not be made, 0 or 1
	Drift            = "Drift"            // messages of a sample that were not as Chat has them
	AnnouncedSkipped = "AnnouncedSkipped" // announced messages for which a run had no time
	Open             = "Open"             // messages that a check left unsettled
	Stuck            = "Stuck"            // messages that were given up
	OldestDue        = "OldestDue"        // for how long the message has been due that waits longest
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

// Kind says what the values of a metric do.
type Kind int

// The kinds. A gauge holds until the next one, and is absent where it is not known.
const (
	Count Kind = iota // adds up
	Gauge
	Span // a time, of which each is one of many
)

// Source says who measures.
type Source int

// The sources. What the server alone measures is no metric of a function.
const (
	Webhook Source = iota
	Repair
	Server
)

// A Metric is what is known of one name.
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

// milliseconds are the names whose unit is that; all others are counts.
var milliseconds = []string{DeliveryTime, RequestTime, RelayTime, OldestDue}

// IsMilliseconds reports whether that is a metric's unit; otherwise it is a count.
func IsMilliseconds(name string) bool { return slices.Contains(milliseconds, name) }
