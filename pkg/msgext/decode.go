package msgext

import (
	"slices"
	"strconv"
	"time"
)

// Decode reads the body of a webhook that came under command for an app. It returns only
// well-formed events; its error is a *FormatError with every fault at once.
//
// The body must be one JSON object (RFC 8259, UTF-8, no name twice, names in exact case, no lone
// surrogate escape, nothing after it, nesting bounded); unknown fields are ignored. An absent or null Value is
// empty, an absent or null ExtensionList is an empty one, an absent or null EventTime is no time. Keys
// and values above the vendor's limits are accepted, see Event.OverLimit. The vendor prints its samples
// with // comments; on the wire there are none, and they are refused.
//
// The event keeps body; the caller must not change it.
func Decode(sdkAppID, command string, body []byte) (Event, error) {
	var faults FormatError
	if !IsCommand(command) {
		faults.add("CallbackCommand", "not a message extension command")
		return Event{}, faults.orNil()
	}
	fields, err := parse(body, &faults)
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
	}
	event.Message.SDKAppID = sdkAppID
	if fields.eventTime.present {
		event.Time = time.UnixMilli(fields.eventTime.value).UTC()
	}
	fields.checkOperation(&faults)
	checkDistinct(fields.keyValues, &faults)
	if err := faults.orNil(); err != nil {
		return Event{}, err
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

// checkOperation holds OperateType against the list it goes with.
func (f *fields) checkOperation(faults *FormatError) {
	operation := Operation(f.operateType.required("OperateType", faults))
	if !f.operateType.valid || !f.list.valid {
		return
	}
	switch {
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
		faults.add(listPath(i, "Key"), "same as that of "+listPath(first, ""))
	}
}
