package chatapi

import (
	"context"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"msgext/pkg/msgext"
)

const (
	groupHistory = "group_open_http_svc/group_msg_get_simple"
	c2cHistory   = "openim/admin_getroammsg"

	maxGroupPage = 20  // messages (trtc.io/document/34971)
	maxC2CPage   = 100 // messages (trtc.io/document/35478)
)

// Sent is a message in the history.
type Sent struct {
	Message msgext.Message

	// JSON is Chat's data about it: its content, and some undocumented fields.
	JSON []byte
}

// GroupPage is a part of a group's history, newest first.
type GroupPage struct {
	Messages []Sent

	// Next is the MsgSeq of the next page, if there is More.
	Next int64
	More bool
}

// GroupHistory returns up to 20 messages of a group: those with the greatest MsgSeq up to upTo, or
// the newest if upTo is 0. Messages that have expired, were deleted or could not be stored are left
// out. Recalled messages are included. The history goes back as far as Chat keeps messages, 7 to 90
// days by edition (trtc.io/document/48000).
//
// Errors: ErrGone, ErrRefused, ErrReply, ErrNoProgress, *Error. It honours the context.
func (c *Client) GroupHistory(ctx context.Context, group string, upTo int64) (GroupPage, error) {
	request := struct {
		GroupID         string `json:"GroupId"`
		ReqMsgNumber    int
		ReqMsgSeq       int64 `json:",omitzero"`
		WithRecalledMsg int   // so that an empty page means the end, not twenty recalled messages
	}{group, maxGroupPage, upTo, 1}
	data, _, err := c.do(ctx, call{command: groupHistory, request: request, idempotent: true})
	if err != nil {
		return GroupPage{}, err
	}
	var reply struct {
		IsFinished int
		RspMsgList []jsontext.Value
	}
	if decode(data, &reply) != nil {
		return GroupPage{}, ErrReply
	}
	if len(reply.RspMsgList) == 0 {
		if reply.IsFinished == 0 {
			return GroupPage{}, ErrNoProgress // all of them are too long to be returned
		}
		return GroupPage{}, nil
	}
	var page GroupPage
	for _, raw := range reply.RspMsgList {
		var sent struct {
			MsgSeq     int64
			IsPlaceMsg int
		}
		if decode(raw, &sent) != nil || sent.MsgSeq < 0 || upTo > 0 && sent.MsgSeq > upTo {
			return GroupPage{}, ErrReply
		}
		if !page.More || sent.MsgSeq-1 < page.Next {
			page.Next, page.More = sent.MsgSeq-1, true
		}
		if sent.IsPlaceMsg != 1 {
			page.Messages = append(page.Messages, Sent{msgext.Message{SDKAppID: c.app, GroupID: group, MsgSeq: sent.MsgSeq}, raw})
		}
	}
	page.More = page.Next > 0
	return page, nil
}

// Span is a part of the messages between two accounts: from Since to Until, to the second and both
// included, as Account sees it. Account may have deleted messages that Peer still sees.
type Span struct {
	Account, Peer string
	Since, Until  time.Time

	// Before is the MsgKey from which to continue; "" for the beginning.
	Before string
}

// C2CPage is a part of a Span, and the rest of the Span if there is More.
type C2CPage struct {
	Messages []Sent
	Next     Span
	More     bool
}

// C2CHistory returns up to 100 messages of a span, fewer if they are long. Recalled messages are
// included. Its errors are those of GroupHistory.
func (c *Client) C2CHistory(ctx context.Context, span Span) (C2CPage, error) {
	request := struct {
		Operator   string `json:"Operator_Account"`
		Peer       string `json:"Peer_Account"`
		MaxCnt     int
		MinTime    int64
		MaxTime    int64
		LastMsgKey string `json:",omitzero"`
	}{span.Account, span.Peer, maxC2CPage, span.Since.Unix(), span.Until.Unix(), span.Before}
	data, _, err := c.do(ctx, call{command: c2cHistory, request: request, idempotent: true})
	if err != nil {
		return C2CPage{}, err
	}
	var reply struct {
		Complete    int
		LastMsgTime int64
		LastMsgKey  string
		MsgList     []jsontext.Value
	}
	if decode(data, &reply) != nil {
		return C2CPage{}, ErrReply
	}
	var page C2CPage
	for _, raw := range reply.MsgList {
		var sent struct {
			From   string `json:"From_Account"`
			To     string `json:"To_Account"`
			MsgKey string
		}
		if decode(raw, &sent) != nil {
			return C2CPage{}, ErrReply
		}
		message, err := msgext.Address{From: sent.From, To: sent.To, MsgKey: sent.MsgKey}.Message(c.app)
		if err != nil {
			return C2CPage{}, ErrReply
		}
		page.Messages = append(page.Messages, Sent{message, raw})
	}
	if reply.Complete == 1 {
		return page, nil
	}
	page.Next, page.More = span, true
	page.Next.Until, page.Next.Before = time.Unix(reply.LastMsgTime, 0), reply.LastMsgKey
	if reply.LastMsgKey == "" || reply.LastMsgKey == span.Before || page.Next.Until.After(span.Until) {
		return page, ErrNoProgress
	}
	return page, nil
}
