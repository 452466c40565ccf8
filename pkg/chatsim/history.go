package chatsim

import (
	"cmp"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"msgext/pkg/msgext"
)

const (
	maxGroupPage = 20  // messages that group_msg_get_simple returns at most (trtc.io/document/34971)
	maxC2CPage   = 100 // messages that admin_getroammsg may be asked for (trtc.io/document/35478)
)

// Post is a message as it was sent, which the history returns.
type Post struct {
	From string // of a group's message; a one-to-one message has its own
	At   time.Time
	Data string // of its custom element

	// Extensible gives the message SupportMessageExtension 1, which is not documented for the
	// history.
	Extensible bool

	// Lost leaves the message's place empty: it has expired, was deleted, or was never stored.
	Lost bool
}

// poll is the data of a message that was never posted: one of the vendor's polls.
const poll = `{"businessID":"group_poll"}`

// Post adds a message without extensions, and what it was sent as.
func (s *Sim) Post(message msgext.Message, post Post) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.truth.record(message)
	s.posts[message] = post
}

// post returns what a message was sent as. A message that was never posted is a poll. The time of a
// one-to-one poll is in its MsgKey; that of a group's poll is not known.
func (s *Sim) post(message msgext.Message) Post {
	if post, ok := s.posts[message]; ok {
		return post
	}
	parts := strings.Split(message.MsgKey, "_")
	seconds, _ := strconv.ParseInt(parts[len(parts)-1], 10, 64)
	return Post{From: "user0", At: time.Unix(seconds, 0), Data: poll}
}

// historyEntry is a message in the answer to either history call. The fields of the other call are
// left out.
type historyEntry struct {
	From string `json:"From_Account"`
	To   string `json:"To_Account,omitempty"`

	IsPlaceMsg   *int `json:",omitempty"`
	MsgFlagBits  *int `json:",omitempty"`
	IsPeerRead   *int `json:",omitempty"`
	MsgPriority  int  `json:",omitempty"`
	MsgRandom    int64
	MsgSeq       int64
	MsgTimeStamp int64
	MsgKey       string `json:",omitempty"`
	MsgBody      []element

	SupportMessageExtension int `json:",omitempty"`
}

func newEntry(message msgext.Message, post Post) historyEntry {
	zero, one := 0, 1
	e := historyEntry{From: post.From, MsgSeq: message.MsgSeq, MsgTimeStamp: post.At.Unix(), MsgBody: []element{}}
	if post.Extensible {
		e.SupportMessageExtension = 1
	}
	if message.IsGroup() {
		e.IsPlaceMsg, e.MsgPriority = &zero, 1
	} else {
		e.From, e.To, e.MsgKey, e.MsgFlagBits, e.IsPeerRead = message.From, message.To, message.MsgKey, &zero, &zero
		parts := strings.Split(message.MsgKey, "_")
		e.MsgSeq, _ = strconv.ParseInt(parts[0], 10, 64)
	}
	if post.Lost {
		e.IsPlaceMsg = &one
		return e
	}
	body := element{MsgType: "TIMCustomElem"}
	body.MsgContent.Data = post.Data
	e.MsgBody = append(e.MsgBody, body)
	return e
}

// groupHistory answers group_msg_get_simple: the group's messages with the greatest MsgSeq up to
// the given one.
func (s *Sim) groupHistory(body io.Reader) (any, error) {
	var request struct {
		GroupID      string `json:"GroupId"`
		ReqMsgNumber int
		ReqMsgSeq    int64
	}
	if json.NewDecoder(io.LimitReader(body, maxRequest)).Decode(&request) != nil {
		return nil, &Refusal{Code: codeBadJSON, Info: "body is not the JSON of this call"}
	}
	if request.GroupID == "" || request.ReqMsgNumber < 1 || request.ReqMsgSeq < 0 {
		return nil, &Refusal{Code: codeInvalidGroup, Info: "GroupId or ReqMsgNumber missing"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []msgext.Message
	known := false
	for message := range s.truth {
		if message.GroupID != request.GroupID {
			continue
		}
		known = true
		if request.ReqMsgSeq == 0 || message.MsgSeq <= request.ReqMsgSeq {
			found = append(found, message)
		}
	}
	if !known {
		return nil, &Refusal{Code: codeNoGroup, Info: "no such group"}
	}
	slices.SortFunc(found, func(a, b msgext.Message) int { return cmp.Compare(b.MsgSeq, a.MsgSeq) })
	answer := struct {
		ActionStatus string
		ErrorCode    int
		ErrorInfo    string
		GroupID      string `json:"GroupId"`
		IsFinished   int
		RspMsgList   []historyEntry
	}{ActionStatus: "OK", GroupID: request.GroupID, IsFinished: 1, RspMsgList: []historyEntry{}}
	if request.ReqMsgNumber > maxGroupPage {
		answer.IsFinished = 0 // more than the call returns
	}
	for _, message := range found[:min(len(found), request.ReqMsgNumber, maxGroupPage)] {
		answer.RspMsgList = append(answer.RspMsgList, newEntry(message, s.post(message)))
	}
	return answer, nil
}

// c2cHistory answers admin_getroammsg: the newest messages of two accounts in a span of time,
// sorted from old to new.
func (s *Sim) c2cHistory(body io.Reader) (any, error) {
	var request struct {
		Operator   string `json:"Operator_Account"`
		Peer       string `json:"Peer_Account"`
		MaxCnt     int
		MinTime    int64
		MaxTime    int64
		LastMsgKey string
	}
	if json.NewDecoder(io.LimitReader(body, maxRequest)).Decode(&request) != nil {
		return nil, &Refusal{Code: codeBadJSON, Info: "body is not the JSON of this call"}
	}
	if request.Operator == "" || request.Peer == "" || request.MaxCnt < 1 || request.MinTime > request.MaxTime {
		return nil, &Refusal{Code: codeInvalidC2C, Info: "Operator_Account, Peer_Account, MaxCnt or a time missing"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []historyEntry // from new to old
	for message := range s.truth {
		between := message.From == request.Operator && message.To == request.Peer || message.From == request.Peer && message.To == request.Operator
		if entry := newEntry(message, s.post(message)); between && entry.MsgTimeStamp >= request.MinTime && entry.MsgTimeStamp <= request.MaxTime {
			found = append(found, entry)
		}
	}
	slices.SortFunc(found, func(a, b historyEntry) int {
		return cmp.Or(cmp.Compare(b.MsgTimeStamp, a.MsgTimeStamp), strings.Compare(b.MsgKey, a.MsgKey))
	})
	if i := slices.IndexFunc(found, func(e historyEntry) bool { return e.MsgKey == request.LastMsgKey }); i >= 0 {
		found = found[i+1:]
	}
	page := found[:min(len(found), request.MaxCnt, maxC2CPage)]
	answer := struct {
		ActionStatus string
		ErrorCode    int
		ErrorInfo    string
		Complete     int
		MsgCnt       int
		LastMsgTime  int64
		LastMsgKey   string
		MsgList      []historyEntry
	}{ActionStatus: "OK", MsgCnt: len(page), MsgList: []historyEntry{}}
	if len(page) == len(found) {
		answer.Complete = 1
	}
	if len(page) > 0 {
		last := page[len(page)-1]
		answer.LastMsgTime, answer.LastMsgKey = last.MsgTimeStamp, last.MsgKey
	}
	for _, entry := range slices.Backward(page) {
		answer.MsgList = append(answer.MsgList, entry)
	}
	return answer, nil
}
