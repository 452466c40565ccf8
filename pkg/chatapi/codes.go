package chatapi

// treatment is how the client handles an ErrorCode.
type treatment int

const (
	permanent treatment = iota // for this message: trying again does not help
	denied                     // for every call, until key, rights, edition or address are corrected
	transient                  // a temporary failure; the call may have taken effect
	throttled                  // refused before it took effect; may be called again a little later
	expired                    // the signature is too old: may be called again with a new one
	gone                       // the group or message is not there
	conflict                   // another user changed the key first
)

// lookUp returns the meaning of an ErrorCode, in our words, and its treatment
// (cloud.tencent.com/document/product/679/131708 and the vendor's V2TIMErrorCode.h; 20022, 20023
// and 90054 from trtc.io/document/35015, on recalling). For the extension calls themselves we found
// no code but 23001 (53445). So we assume that the group codes (10xxx), the message codes (20xxx,
// 9xxxx) and the common ones (60000 to 79999) mean the same for them. A code that is not listed
// counts as permanent.
func lookUp(code int) (meaning string, t treatment) {
	switch code {
	case 10002, 20004, 20005, 60013, 70169, 70500, 90992, 90994, 90995, 91000:
		return "failure inside Chat", transient
	case 60008, 60014:
		return "timeout inside Chat", transient
	case 10006, 10023, 60007, 60011, 60018, 60019:
		return "too many calls", throttled
	case 70001, 70052:
		return "UserSig expired", expired
	case 10010, 10015:
		return "no such group", gone
	case 10030, 20022, 90054:
		return "no such message", gone
	case 20023:
		return "message recalled", gone
	case 23001:
		return "key changed by somebody else", conflict
	case 10004, 20001, 70402, 90001:
		return "request not understood", permanent
	case 60002, 60003, 60009, 60012, 60015:
		return "request not understood", denied
	case 10007, 10026, 20002, 70403, 90009:
		return "not permitted", permanent
	case 60010, 60016, 60017:
		return "not permitted", denied
	case 60004, 60005, 70002, 70003, 70005, 70009, 70013, 70014, 70016, 70020:
		return "UserSig does not fit app, admin and key", denied
	case 70050:
		return "UserSig wrong too often, locked for a minute", denied
	case 60006:
		return "no such app", denied
	case 60020:
		return "edition lapsed or not bought", denied
	case 60021:
		return "address not allowed to call", denied
	}
	return "unknown code", permanent
}
