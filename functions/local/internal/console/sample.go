package console

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"msgext/pkg/msgext"
)

// The message that samples change.
const (
	sampleGroup = "console-sample"
	sampleSeq   = 1
)

// sample is a request that the page can send. Its texts are the page's.
type sample struct {
	Name   string `json:"name"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Fails  bool   `json:"fails"` // it is to be refused

	make func(*Console, int64) request // from the next version of the sample message
}

// samples are all of them: each operation, then each kind of bad request.
var samples = []sample{
	{"set", "Set", "One vote on the sample message, under its next version.", false, func(c *Console, next int64) request {
		return c.change(changeBody(msgext.Set, next, vote(next)))
	}},
	{"delete", "Delete", "Withdraws the newest vote.", false, func(c *Console, next int64) request {
		return c.change(changeBody(msgext.Delete, next, withdrawn(next)))
	}},
	{"clear", "Clear", "Removes every vote.", false, func(c *Console, next int64) request {
		return c.change(changeBody(msgext.Clear, next))
	}},
	{"skip", "Set, one version lost", "Leaves the next version out, as when a webhook is lost: look for the hole.", false, func(c *Console, next int64) request {
		return c.change(changeBody(msgext.Set, next+1, vote(next+1)))
	}},
	{"late", "Set, late", "A version that has long been passed. It fills a hole, or changes nothing.", false, func(c *Console, next int64) request {
		return c.change(changeBody(msgext.Set, max(1, next-2), vote(max(1, next-2))))
	}},
	{"c2c", "One-to-one", "The same kind of change on a message between two people.", false, func(c *Console, next int64) request {
		return c.webhookRequest(msgext.C2CCommand, []byte(`{"CallbackCommand":"C2C.CallbackAfterC2CMsgExtension","From_Account":"jared","To_Account":"amira","MsgKey":"93847636_1287657_1764688415","OperateType":1,"ExtensionList":[{"Key":"k1","Value":"v1","Seq":1}],"Seq":1,"EventTime":1764688540182}`), c.options.Now())
	}},
	{"before", "Another command", "A message about to be sent. It is none of our business, so it must be let through.", false, func(c *Console, _ int64) request {
		return c.webhookRequest("Group.CallbackBeforeSendMsg", []byte(`{"CallbackCommand":"Group.CallbackBeforeSendMsg","GroupId":"console-sample"}`), c.options.Now())
	}},
	{"probe", "Probe", "Empty, as the Chat console tries a URL out.", false, func(c *Console, _ int64) request {
		return request{method: http.MethodPost, appID: c.options.SDKAppID}
	}},
	{"hostile", "Hostile text", "Markup, a right-to-left mark and a long word as key and value. They must stay text.", false, func(c *Console, next int64) request {
		return c.change(changeBody(msgext.Set, next,
			msgext.KeyValue{Key: `<img src=x onerror=alert(1)>`, Value: "\u202egnp.exe\u202c " + strings.Repeat("long", 100), Seq: next}))
	}},

	{"unsigned", "Unsigned", "No Sign and no RequestTime.", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { q.sign = "" })
	}},
	{"wrong-sign", "Wrong signature", "The right form, from another token.", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { q.requestTime, q.sign = unixSeconds(c.options.Now()), strings.Repeat("0", 64) })
	}},
	{"upper-sign", "Upper-case signature", "Chat sends lower case only.", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { q.requestTime, q.sign = unixSeconds(c.options.Now()), strings.Repeat("A", 64) })
	}},
	{"long-time", "Lengthened time", "RequestTime with more than ten digits, as a length extension needs.", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { q.requestTime, q.sign = unixSeconds(c.options.Now())+"0", strings.Repeat("0", 64) })
	}},
	{"stale", "Stale", "Signed an hour ago, as a replay would be.", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { *q = c.webhookRequest(q.command, q.body, c.options.Now().Add(-time.Hour)) })
	}},
	{"future", "From the future", "Signed an hour from now.", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { *q = c.webhookRequest(q.command, q.body, c.options.Now().Add(time.Hour)) })
	}},
	{"foreign", "Another app", "An SdkAppid that is not this app's.", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { q.appID = "1" + q.appID })
	}},
	{"twice", "Parameter twice", "SdkAppid given once more at the end.", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { q.suffix = "&SdkAppid=" + q.appID })
	}},
	{"escape", "Broken escape", "A percent sign without two hex digits.", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { q.suffix = "&own=%zz" })
	}},
	{"no-command", "No command", "A body, but no CallbackCommand in the URL.", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { q.command = "" })
	}},
	{"get", "GET", "As a browser that opens the URL.", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { q.method = http.MethodGet })
	}},
	{"comments", "Comments in JSON", "As the vendor's page prints its samples.", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { q.body = append([]byte("// set\n"), q.body...) })
	}},
	{"truncated", "Cut off", "The second half of the body is missing.", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { q.body = q.body[:len(q.body)/2] })
	}},
	{"fields", "Fields missing", "Every fault is named at once.", true, func(c *Console, _ int64) request {
		return c.change([]byte(`{"CallbackCommand":"` + msgext.GroupCommand + `","OperateType":4}`))
	}},
	{"key-twice", "Key twice", "One change that gives a key two values.", true, func(c *Console, next int64) request {
		return c.change(changeBody(msgext.Set, next, vote(next), vote(next)))
	}},
	{"too-large", "Body too large", "One byte over the cap.", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) {
			q.body = append(q.body, bytes.Repeat([]byte(" "), int(c.options.MaxBodyBytes)+1-len(q.body))...)
		})
	}},
}

// sampleRequest makes the sample of that name; ok is false where there is none.
func (c *Console) sampleRequest(ctx context.Context, name string) (q request, ok bool) {
	for _, sample := range samples {
		if sample.Name == name {
			return sample.make(c, c.nextVersion(ctx)), true
		}
	}
	return request{}, false
}

// nextVersion returns the version after the newest of the sample message that the store or the
// list knows.
func (c *Console) nextVersion(ctx context.Context) int64 {
	message := msgext.Message{SDKAppID: c.options.SDKAppID, GroupID: sampleGroup, MsgSeq: sampleSeq}
	var latest int64
	if record, err := c.load(ctx, message); err == nil {
		latest = record.State.Latest
	}
	entries, _, _ := c.history.after(0)
	for _, e := range entries {
		if e.Message == message.Path() {
			latest = max(latest, e.Latest)
		}
	}
	return latest + 1
}

func (c *Console) change(body []byte) request {
	return c.webhookRequest(msgext.GroupCommand, body, c.options.Now())
}

// changed returns a good change after something was done to it.
func (c *Console) changed(next int64, spoil func(*request)) request {
	q := c.change(changeBody(msgext.Set, next, vote(next)))
	spoil(&q)
	return q
}

// changeBody returns the body of a group webhook on the sample message.
func changeBody(operation msgext.Operation, version int64, keyValues ...msgext.KeyValue) []byte {
	if keyValues == nil {
		keyValues = []msgext.KeyValue{}
	}
	body, err := json.Marshal(struct {
		CallbackCommand string
		GroupId         string
		MsgSeq          int64
		OperateType     msgext.Operation
		ExtensionList   []msgext.KeyValue
		Seq             int64
	}{msgext.GroupCommand, sampleGroup, sampleSeq, operation, keyValues, version})
	if err != nil {
		panic(err) // no value of these types is unencodable
	}
	return body
}

// vote is what one person says in the sample poll: who votes, and for what, follows from the version.
func vote(version int64) msgext.KeyValue {
	people := []string{"amira", "bo", "chen", "dana", "emeka", "freya", "goro", "hana", "ines", "jonas", "kofi"}
	options := []string{"Lisbon", "Kyoto", "Lisbon", "Oslo", "Lisbon", "Kyoto", "Accra"}
	return msgext.KeyValue{Key: people[version%int64(len(people))], Value: options[version%int64(len(options))], Seq: version}
}

func withdrawn(version int64) msgext.KeyValue {
	return msgext.KeyValue{Key: vote(version - 1).Key, Seq: version}
}
