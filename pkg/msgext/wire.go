package msgext

// ReadReply is the reply of Chat's REST read of a message's extensions (trtc.io/document/52169 and
// 51194). Our own read function and the data of a repaired event have the same shape.
type ReadReply struct {
	ErrorCode     int        `json:"ErrorCode"`
	ErrorInfo     string     `json:"ErrorInfo"`
	ActionStatus  string     `json:"ActionStatus"`
	CompleteFlag  int        `json:"CompleteFlag"`
	LatestSeq     int64      `json:"LatestSeq"`
	ClearSeq      int64      `json:"ClearSeq"`
	ExtensionList []KeyValue `json:"ExtensionList"`

	// DroppedSeq is our addition and occurs only in a repaired event: webhooks announced the
	// versions above LatestSeq up to this one, but Chat does not have them.
	DroppedSeq int64 `json:"DroppedSeq,omitempty"`
}

// NewReadReply returns the successful, complete reply with these key-values, which must be sorted
// by Seq, then Key.
func NewReadReply(latest, clearSeq int64, keyValues []KeyValue) ReadReply {
	if keyValues == nil {
		keyValues = []KeyValue{}
	}
	return ReadReply{
		ActionStatus: "OK", CompleteFlag: 1,
		LatestSeq: latest, ClearSeq: clearSeq, ExtensionList: keyValues,
	}
}
