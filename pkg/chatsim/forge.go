package chatsim

import (
	"math/rand/v2"

	"msgext/pkg/msgext"
)

// forge makes an event that nobody caused, about the message of c, right after c. Anyone who has
// seen a Sign can send one while the Sign is fresh.
func forge(r *rand.Rand, c told, plan *Plan) Delivery {
	version, forgery := c.version, ForgedAt
	distance := 1 + r.Int64N(5)
	switch (plan.Counts.ForgedBelow + plan.Counts.ForgedAt + plan.Counts.ForgedAbove) % 3 {
	case 0:
		version, forgery = c.version+distance, ForgedAbove
	case 1:
		if c.version > 1 {
			version, forgery = max(1, c.version-distance), ForgedBelow
		}
	}
	switch forgery {
	case ForgedBelow:
		plan.Counts.ForgedBelow++
	case ForgedAt:
		plan.Counts.ForgedAt++
	case ForgedAbove:
		plan.Counts.ForgedAbove++
	}
	forged := change{OperateType: msgext.Operation(1 + r.IntN(3)), Seq: version, EventTime: c.change.EventTime}
	if forged.OperateType != msgext.Clear {
		key := "forged"
		if n := len(c.change.ExtensionList); n > 0 {
			key = c.change.ExtensionList[r.IntN(n)].Key
		}
		kv := msgext.KeyValue{Key: key, Seq: version}
		if forged.OperateType == msgext.Set {
			kv.Value = "forged"
		}
		forged.ExtensionList = []msgext.KeyValue{kv}
	}
	delivery := newDelivery(c.message, "forger", version, forged)
	delivery.Forgery = forgery
	return delivery
}
