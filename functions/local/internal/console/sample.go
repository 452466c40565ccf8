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

// sample is a request that the page can send. The page has its texts.
type sample struct {
	Name  string
	Fails bool // whether the receiver must refuse it

	make func(*Console, int64) request // makes it for the next version of the sample message
}

// samples lists all: each operation, then each kind of bad request.
var samples = []sample{
	{"set", false, func(c *Console, next int64) request {
		return c.change(changeBody(msgext.Set, next, vote(next)))
	}},
	{"delete", false, func(c *Console, next int64) request {
		return c.change(changeBody(msgext.Delete, next, withdrawn(next)))
	}},
	{"clear", false, func(c *Console, next int64) request {
		return c.change(changeBody(msgext.Clear, next))
	}},
	{"skip", false, func(c *Console, next int64) request {
		return c.change(changeBody(msgext.Set, next+1, vote(next+1)))
	}},
	{"late", false, func(c *Console, next int64) request {
		return c.change(changeBody(msgext.Set, max(1, next-2), vote(max(1, next-2))))
	}},
	{"c2c", false, func(c *Console, next int64) request {
		return c.webhookRequest(msgext.C2CCommand, []byte(`{"CallbackCommand":"C2C.CallbackAfterC2CMsgExtension","From_Account":"jared","To_Account":"amira","MsgKey":"93847636_1287657_1764688415","OperateType":1,"ExtensionList":[{"Key":"k1","Value":"v1","Seq":1}],"Seq":1,"EventTime":1764688540182}`), c.options.Now())
	}},
	{"before", false, func(c *Console, _ int64) request {
		return c.webhookRequest("Group.CallbackBeforeSendMsg", []byte(`{"CallbackCommand":"Group.CallbackBeforeSendMsg","GroupId":"console-sample"}`), c.options.Now())
	}},
	{"probe", false, func(c *Console, _ int64) request {
		return request{method: http.MethodPost, appID: c.options.SDKAppID}
	}},
	{"hostile", false, func(c *Console, next int64) request {
		return c.change(changeBody(msgext.Set, next,
			msgext.KeyValue{Key: `<img src=x onerror=alert(1)>`, Value: "\u202egnp.exe\u202c " + strings.Repeat("long", 100), Seq: next}))
	}},

	{"unsigned", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { q.sign = "" })
	}},
	{"wrong-sign", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { q.requestTime, q.sign = unixSeconds(c.options.Now()), strings.Repeat("0", 64) })
	}},
	{"upper-sign", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { q.requestTime, q.sign = unixSeconds(c.options.Now()), strings.Repeat("A", 64) })
	}},
	{"long-time", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { q.requestTime, q.sign = unixSeconds(c.options.Now())+"0", strings.Repeat("0", 64) })
	}},
	{"stale", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { *q = c.webhookRequest(q.command, q.body, c.options.Now().Add(-time.Hour)) })
	}},
	{"future", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { *q = c.webhookRequest(q.command, q.body, c.options.Now().Add(time.Hour)) })
	}},
	{"foreign", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { q.appID = "1" + q.appID })
	}},
	{"twice", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { q.suffix = "&SdkAppid=" + q.appID })
	}},
	{"escape", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { q.suffix = "&own=%zz" })
	}},
	{"no-command", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { q.command = "" })
	}},
	{"get", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { q.method = http.MethodGet })
	}},
	{"comments", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { q.body = append([]byte("// set\n"), q.body...) })
	}},
	{"truncated", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) { q.body = q.body[:len(q.body)/2] })
	}},
	{"fields", true, func(c *Console, _ int64) request {
		return c.change([]byte(`{"CallbackCommand":"` + msgext.GroupCommand + `","OperateType":4}`))
	}},
	{"key-twice", true, func(c *Console, next int64) request {
		return c.change(changeBody(msgext.Set, next, vote(next), vote(next)))
	}},
	{"too-large", true, func(c *Console, next int64) request {
		return c.changed(next, func(q *request) {
			q.body = append(q.body, bytes.Repeat([]byte(" "), int(c.options.MaxBodyBytes)+1-len(q.body))...)
		})
	}},
}

// sampleRequest makes the sample with that name. ok is false where there is none.
func (c *Console) sampleRequest(ctx context.Context, name string) (q request, ok bool) {
	for _, sample := range samples {
		if sample.Name == name {
			return sample.make(c, c.nextVersion(ctx)), true
		}
	}
	return request{}, false
}

// nextVersion returns the version after the newest one of the sample message in the store or the
// list.
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

// changed returns a valid change that spoil has altered.
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
		panic(err) // cannot happen, because all these values can be encoded
	}
	return body
}

// vote is the vote of one person in the sample poll. The version decides who votes, and for what.
func vote(version int64) msgext.KeyValue {
	people := []string{"amira", "bo", "chen", "dana", "emeka", "freya", "goro", "hana", "ines", "jonas", "kofi"}
	options := []string{"Lisbon", "Kyoto", "Lisbon", "Oslo", "Lisbon", "Kyoto", "Accra"}
	return msgext.KeyValue{Key: people[version%int64(len(people))], Value: options[version%int64(len(options))], Seq: version}
}

func withdrawn(version int64) msgext.KeyValue {
	return msgext.KeyValue{Key: vote(version - 1).Key, Seq: version}
}
