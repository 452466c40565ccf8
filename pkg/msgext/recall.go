package msgext

import "encoding/json"

// Commands by which Chat says that messages were recalled (trtc.io/document/46979 and 43466, read
// 2026-11-26).
const (
	GroupRecallCommand = "Group.CallbackAfterRecallMsg"
	C2CRecallCommand   = "C2C.CallbackAfterMsgWithDraw"
)

// maxRecalled is how many messages of one body are read. Chat recalls up to 10 messages at once
// (trtc.io/document/34965).
const maxRecalled = 100

// IsRecall reports whether command is one of the two that Recalled reads.
func IsRecall(command string) bool {
	return command == GroupRecallCommand || command == C2CRecallCommand
}

// Recalled returns the messages that the body of a recall names, at most the first hundred. It
// returns none if it can read none. No body is refused, because the command is the app's own and is
// answered whatever its body holds.
//
// A message of a topic belongs to the topic, not to its community. It is not documented that
// webhooks about extensions use the topic's id. We assume so, because Chat uses a topic's id
// wherever it uses a group's.
func Recalled(sdkAppID, command string, body []byte) []Message {
	var recall struct {
		GroupID    string `json:"GroupId"`
		TopicID    string `json:"TopicId"`
		MsgSeqList []struct{ MsgSeq json.Number }
		From       string `json:"From_Account"`
		To         string `json:"To_Account"`
		MsgKey     string
	}
	if json.Unmarshal(body, &recall) != nil {
		return nil
	}
	switch {
	case command == C2CRecallCommand && recall.From != "" && recall.To != "" && recall.MsgKey != "":
		return []Message{{SDKAppID: sdkAppID, From: recall.From, To: recall.To, MsgKey: recall.MsgKey}}
	case command != GroupRecallCommand || recall.GroupID == "":
		return nil
	case recall.TopicID != "":
		recall.GroupID = recall.TopicID
	}
	var messages []Message
	for _, item := range recall.MsgSeqList[:min(len(recall.MsgSeqList), maxRecalled)] {
		if seq, problem := integerOf([]byte(item.MsgSeq)); problem == "" && item.MsgSeq != "" {
			messages = append(messages, Message{SDKAppID: sdkAppID, GroupID: recall.GroupID, MsgSeq: seq})
		}
	}
	return messages
}
