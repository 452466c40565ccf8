package chatsim

import (
	"math/rand/v2"
	"time"

	"msgext/pkg/msgext"
)

// sent is the webhook that reports a sent message, with the fields that the vendor documents
// (trtc.io/document/34375 and 34365). The message is a poll as the vendor's plugin sends it.
type sent struct {
	CallbackCommand string
	msgext.Address
	Type           string `json:",omitempty"`
	OnlineOnlyFlag int
	SendMsgResult  int
	MsgTime        int64
	MsgBody        []element
}

type element struct {
	MsgType    string
	MsgContent struct{ Data string }
}

// newAnnouncement returns the webhook that says that a message was sent.
func newAnnouncement(message msgext.Message, user string, at time.Time) Delivery {
	d := Delivery{Message: message, Attempt: 1, Command: msgext.C2CSendCommand}
	d.Platform, d.ClientIP = origin(user)
	body := sent{Address: message.Address(), MsgTime: at.Unix(), MsgBody: []element{{MsgType: "TIMCustomElem"}}}
	if message.IsGroup() {
		d.Command, body.Type = msgext.GroupSendCommand, "Public"
	}
	body.CallbackCommand = d.Command
	body.MsgBody[0].MsgContent.Data = `{"businessID":"group_poll"}`
	d.Body = encode(body)
	return d
}

// announce adds to a plan a webhook that reports each message as sent, at the moment of its first
// change. Some of these webhooks are duplicated at random.
func (f Faults) announce(plan *Plan, changes []told) {
	r := rand.New(rand.NewPCG(f.Seed, 0x616e6e6f756e))
	known := make(map[msgext.Message]bool)
	for _, c := range changes {
		if known[c.message] {
			continue
		}
		known[c.message] = true
		d := newAnnouncement(c.message, c.user, c.at)
		plan.Steps = append(plan.Steps, Step{At: c.at, Delivery: &d})
		plan.Counts.Announced++
		if r.Float64() < f.Duplicate {
			again := d
			plan.Steps = append(plan.Steps, Step{At: c.at.Add(time.Second), Delivery: &again})
		}
	}
}

// silence chooses at random the messages that lose all webhooks about extensions.
func (f Faults) silence(changes []told) map[msgext.Message]bool {
	r := rand.New(rand.NewPCG(f.Seed, 0x73696c656e63))
	silent := make(map[msgext.Message]bool)
	for _, c := range changes {
		if _, drawn := silent[c.message]; !drawn {
			silent[c.message] = r.Float64() < f.Silence
		}
	}
	return silent
}
