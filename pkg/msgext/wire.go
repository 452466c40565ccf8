package msgext

// ReadReply is the reply of Chat's REST read of a message's extensions, on the wire
// (trtc.io/document/52169 and 51194). It is also the shape of our own local read and of the
// data of a repaired event.
type ReadReply struct {
	ErrorCode     int        `json:"ErrorCode"`
	ErrorInfo     string     `json:"ErrorInfo"`
	ActionStatus  string     `json:"ActionStatus"`
	CompleteFlag  int        `json:"CompleteFlag"`
	LatestSeq     int64      `json:"LatestSeq"`
	ClearSeq      int64      `json:"ClearSeq"`
	ExtensionList []KeyValue `json:"ExtensionList"`

	// DroppedSeq is ours, and stands only in a repaired event: the versions above LatestSeq up
	// to this one were announced by webhooks, but Chat does not have them.
	DroppedSeq int64 `json:"DroppedSeq,omitempty"`
}

// NewReadReply returns the successful, complete reply that carries these key-values,
// which must be sorted by Seq, then Key.
func NewReadReply(latest, clearSeq int64, keyValues []KeyValue) ReadReply {
	if keyValues == nil {
		keyValues = []KeyValue{}
	}
	return ReadReply{
		ActionStatus: "OK", CompleteFlag: 1,
		LatestSeq: latest, ClearSeq: clearSeq, ExtensionList: keyValues,
	}
}
