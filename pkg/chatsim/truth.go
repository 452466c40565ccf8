package chatsim

import (
	"fmt"
	"maps"
	"slices"

	"msgext/pkg/msgext"
)

// Change is a change that a user or the admin asks for.
type Change struct {
	Message   msgext.Message
	Operation msgext.Operation

	// KeyValues are the key-values to set, or the keys to delete; none for a clear. Seq is the
	// version of the key that the user last saw, 0 for a key that did not exist.
	KeyValues []msgext.KeyValue

	// User makes the change. "" is the admin, whose versions are not checked.
	User string
}

// Outcome is the result of a change.
type Outcome struct {
	Version   int64             // the new version, 0 if nothing changed
	KeyValues []msgext.KeyValue // as changed, with their new version; deleted ones with an empty value
	// Keys not changed because another user was faster, with their current values.
	Conflicts []msgext.KeyValue
}

// Refusal is the error of a change that was refused completely. It does not quote the change.
type Refusal struct {
	Code      int               // the ErrorCode that Chat gives for it
	Info      string            // the ErrorInfo
	Conflicts []msgext.KeyValue // for code 23001, the keys' current values
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("chatsim: refused, error %d: %s", r.Code, r.Info)
}

// ErrorCodes of refused changes. 23001 is documented (trtc.io/document/53445). For the extension
// calls we found no others documented, so these are the codes of Chat's other calls for similar
// cases (see package chatapi).
const (
	codeConflict       = 23001
	codeInvalidGroup   = 10004 // a malformed call about a group
	codeInvalidC2C     = 20001 // the same for one-to-one
	codeNoGroup        = 10010
	codeNoGroupMessage = 10030
	codeNoC2CMessage   = 20022
)

func invalid(message msgext.Message, info string) *Refusal {
	if message.IsGroup() {
		return &Refusal{Code: codeInvalidGroup, Info: info}
	}
	return &Refusal{Code: codeInvalidC2C, Info: info}
}

// truth has the state of all messages. It is not safe for concurrent use.
type truth map[msgext.Message]*record

// record is one message: its present key-values and the versions. A change of any number of keys
// raises latest by one, and gives all of them that version (as in the samples of
// trtc.io/document/76007).
type record struct {
	latest, clear int64
	present       map[string]msgext.KeyValue
}

func (t truth) record(message msgext.Message) *record {
	r, ok := t[message]
	if !ok {
		r = &record{present: make(map[string]msgext.KeyValue)}
		t[message] = r
	}
	return r
}

// clone copies the records of some messages.
func (t truth) clone(messages []msgext.Message) truth {
	copied := make(truth, len(messages))
	for _, message := range messages {
		if r, ok := t[message]; ok {
			copied[message] = &record{r.latest, r.clear, maps.Clone(r.present)}
		}
	}
	return copied
}

// list returns the key-values with a version at or above start, sorted by Seq, then Key.
func (r *record) list(start int64) []msgext.KeyValue {
	list := make([]msgext.KeyValue, 0, len(r.present))
	for _, kv := range r.present {
		if kv.Seq >= start {
			list = append(list, kv)
		}
	}
	slices.SortFunc(list, bySeqThenKey)
	return list
}

// apply makes a change, also of an unknown message. Either all of it is made or nothing, except for
// conflicts: Chat has a result for each key, and changes the keys without a conflict.
func (t truth) apply(change Change) (Outcome, error) {
	r := t.record(change.Message)
	if err := r.check(change); err != nil {
		return Outcome{}, err
	}
	if change.Operation == msgext.Clear {
		r.latest++
		r.clear = r.latest
		clear(r.present)
		return Outcome{Version: r.latest}, nil
	}
	var outcome Outcome
	for _, kv := range change.KeyValues {
		switch have, ok := r.present[kv.Key]; {
		case change.User != "" && have.Seq != kv.Seq:
			have.Key = kv.Key
			outcome.Conflicts = append(outcome.Conflicts, have)
		case change.Operation == msgext.Set:
			outcome.KeyValues = append(outcome.KeyValues, msgext.KeyValue{Key: kv.Key, Value: kv.Value})
		case ok:
			outcome.KeyValues = append(outcome.KeyValues, msgext.KeyValue{Key: kv.Key})
		}
	}
	if len(outcome.KeyValues) == 0 {
		if len(outcome.Conflicts) > 0 {
			return outcome, &Refusal{codeConflict, "key changed by another user", outcome.Conflicts}
		}
		return outcome, nil // deleting an absent key changes nothing (not documented)
	}
	r.latest++
	outcome.Version = r.latest
	for i := range outcome.KeyValues {
		kv := &outcome.KeyValues[i]
		kv.Seq = r.latest
		if change.Operation == msgext.Set {
			r.present[kv.Key] = *kv
		} else {
			delete(r.present, kv.Key)
		}
	}
	return outcome, nil
}

// check checks a change against the limits (trtc.io/document/53445).
func (r *record) check(change Change) error {
	count := len(change.KeyValues)
	switch change.Operation {
	case msgext.Clear:
		if count > 0 {
			return invalid(change.Message, "a clear takes no ExtensionList")
		}
		return nil
	case msgext.Set, msgext.Delete:
	default:
		return invalid(change.Message, "OperateType is not 1, 2 or 3")
	}
	if count == 0 || count > msgext.MaxKeyValues {
		return invalid(change.Message, "ExtensionList takes 1 to 20 key-values")
	}
	keys := make(map[string]bool, count)
	added := 0
	for _, kv := range change.KeyValues {
		switch {
		case kv.Key == "" || len(kv.Key) > msgext.MaxKeyBytes:
			return invalid(change.Message, "Key takes 1 to 100 bytes")
		case len(kv.Value) > msgext.MaxValueBytes:
			return invalid(change.Message, "Value takes up to 1024 bytes")
		case keys[kv.Key]:
			return invalid(change.Message, "Key given twice")
		}
		keys[kv.Key] = true
		if _, ok := r.present[kv.Key]; !ok {
			added++
		}
	}
	if change.Operation == msgext.Set && len(r.present)+added > msgext.MaxKeys {
		return invalid(change.Message, "a message takes up to 300 key-values")
	}
	return nil
}
