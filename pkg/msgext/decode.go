package msgext

import (
	"slices"
	"strconv"
	"time"

	"msgext/internal/jsonwalk"
)

// Decode reads the body of a webhook that came under command for an app. It returns only
// well-formed events. Its error is a *FormatError that counts every fault, and lists the first
// eight.
//
// The body must be one JSON object (RFC 8259, no name twice, names in exact case, nothing after it,
// nesting limited). Unknown fields are ignored. An absent or null Value means an empty one. An
// absent or null ExtensionList means an empty list. A list holds at most 1,000 key-values. An
// absent or null EventTime means no time. An integer may be written in any exact form, or as a
// string of digits without leading zeros. Keys and values above the vendor's limits are accepted,
// see Event.OverLimit. The vendor prints its samples with // comments. Real webhooks have none, and
// comments are refused.
//
// A fault in a field that no state depends on is tolerated, see Event.Tolerated. Text that is not
// Unicode (a byte that is not UTF-8, a lone surrogate escape) is read as U+FFFD, as in Chat's own
// read. In a key or an id it is refused, because two different keys or ids could become equal.
//
// The event keeps body; the caller must not change it.
func Decode(sdkAppID, command string, body []byte) (Event, error) {
	if !IsCommand(command) {
		return Event{}, &FormatError{Fields: []FieldError{{"CallbackCommand", "not a message extension command"}}}
	}
	fields, faults, err := parse(command, body)
	if err != nil {
		return Event{}, err
	}
	fields.checkCommand(command, &faults)
	event := Event{
		Message:   fields.message(command, &faults),
		Operation: Operation(fields.operateType.value),
		KeyValues: fields.keyValues,
		Seq:       fields.seq.required("Seq", &faults),
		Body:      body,
		Tolerated: fields.tolerated.Fields,
	}
	event.Message.SDKAppID = sdkAppID
	if fields.eventTime.valid {
		event.Time = time.UnixMilli(fields.eventTime.value).UTC()
	}
	fields.checkOperation(&faults)
	checkDistinct(fields.keyValues, &faults)
	if err := faults.orNil(); err != nil {
		return Event{}, err
	}
	if fields.broken {
		event.Body = jsonwalk.Mend(body)
	}
	return event, nil
}

func (f *fields) checkCommand(command string, faults *FormatError) {
	switch {
	case !f.command.present:
		faults.add("CallbackCommand", "missing")
	case f.command.valid && f.command.value != command:
		faults.add("CallbackCommand", "differs from the query's")
	}
}

func (f *fields) message(command string, faults *FormatError) Message {
	if command == GroupCommand {
		return Message{
			GroupID: f.groupID.required("GroupId", faults),
			MsgSeq:  f.msgSeq.required("MsgSeq", faults),
		}
	}
	return Message{
		From:   f.from.required("From_Account", faults),
		To:     f.to.required("To_Account", faults),
		MsgKey: f.msgKey.required("MsgKey", faults),
	}
}

// checkOperation checks OperateType against the list.
func (f *fields) checkOperation(faults *FormatError) {
	operation := Operation(f.operateType.required("OperateType", faults))
	if !f.operateType.valid || !f.list.valid {
		return
	}
	switch {
	case f.list.length > maxEventKeyValues:
		faults.add("ExtensionList", "more than "+strconv.Itoa(maxEventKeyValues)+" key-values, got "+strconv.Itoa(f.list.length))
	case operation < Set || operation > Clear:
		faults.add("OperateType", "not 1, 2 or 3")
	case operation == Clear && f.list.length > 0:
		faults.add("ExtensionList", "a clear carries no key-values, got "+strconv.Itoa(f.list.length))
	case operation != Clear && f.list.length == 0:
		faults.add("ExtensionList", "a set or delete carries at least one key-value")
	}
}

func checkDistinct(keyValues []KeyValue, faults *FormatError) {
	if len(keyValues) <= MaxKeyValues {
		for i, kv := range keyValues {
			first := slices.IndexFunc(keyValues[:i], func(other KeyValue) bool { return other.Key == kv.Key })
			reportRepeat(first >= 0 && kv.Key != "", i, first, faults)
		}
		return
	}
	seen := make(map[string]int, len(keyValues))
	for i, kv := range keyValues {
		first, repeated := seen[kv.Key]
		reportRepeat(repeated && kv.Key != "", i, first, faults)
		if !repeated {
			seen[kv.Key] = i
		}
	}
}

func reportRepeat(repeated bool, i, first int, faults *FormatError) {
	if repeated {
		faults.addAt(i, "Key", "same as that of "+listPath(first, ""))
	}
}
