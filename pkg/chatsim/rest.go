package chatsim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"msgext/pkg/msgext"
)

// Paths of the REST calls. For calls about extensions the command follows; other paths are
// complete.
const (
	api     = "/v4/"
	service = api + "openim_msg_ext_http_svc/"
)

const maxRequest = 1 << 20 // bytes

// Common ErrorCodes (cloud.tencent.com/document/product/679/131708).
const (
	codeBadURL       = 60002
	codeBadJSON      = 60003
	codeForeignApp   = 60006
	codeTooManyCalls = 60007
	codeNoCommand    = 60009
	codeNotAdmin     = 60010
	codeNoApp        = 60012
)

// Handler serves the REST API: group_get_key_values, group_set_key_values, get_key_values and
// set_key_values; the history calls group_open_http_svc/group_msg_get_simple and
// openim/admin_getroammsg; and ConfigSvc/GetIPList. As Chat does, it always answers with HTTP 200
// and an ErrorCode.
func (s *Sim) Handler() http.Handler { return http.HandlerFunc(s.serve) }

func (s *Sim) serve(w http.ResponseWriter, r *http.Request) {
	command := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, service), api)
	w.Header().Set("Date", s.options.Now().UTC().Format(http.TimeFormat))
	switch trouble := s.trouble(command); {
	case trouble == Hang:
		// A server notices that the caller has gone only after it has read the body.
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
		return
	case trouble >= 400 && trouble < 600:
		http.Error(w, "trouble", trouble)
		return
	case trouble != 0:
		reply(w, refused(&Refusal{Code: trouble, Info: "trouble"}))
		return
	}
	answer, err := s.call(command, r)
	var refusal *Refusal
	if errors.As(err, &refusal) {
		answer = refused(refusal)
	}
	reply(w, answer)
}

// trouble counts the call and returns what must go wrong with it, 0 for nothing.
func (s *Sim) trouble(command string) int {
	s.mu.Lock()
	s.calls++
	call := s.calls
	s.mu.Unlock()
	if s.options.Trouble == nil {
		return 0
	}
	return s.options.Trouble(call, command)
}

// Calls returns how many REST calls have been made, refused ones included.
func (s *Sim) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// call answers one REST call. Its error is a *Refusal.
func (s *Sim) call(command string, r *http.Request) (any, error) {
	if err := s.admit(r); err != nil {
		return nil, err
	}
	switch command {
	case "group_open_http_svc/group_msg_get_simple":
		return s.groupHistory(r.Body)
	case "openim/admin_getroammsg":
		return s.c2cHistory(r.Body)
	case "ConfigSvc/GetIPList":
		return s.addresses(r.URL.Query().Get("nettype"))
	}
	request, err := parseRequest(command, s.options.SDKAppID, r.Body)
	if err != nil {
		return nil, err
	}
	if s.options.Refuse != nil {
		if code := s.options.Refuse(request.message); code != 0 {
			return nil, &Refusal{Code: code, Info: "refused"}
		}
	}
	if strings.HasSuffix(command, "get_key_values") {
		return s.read(request.message, request.StartSeq)
	}
	return s.set(request)
}

// admit checks whether a call is served at all.
func (s *Sim) admit(r *http.Request) error {
	query := r.URL.Query()
	_, err := strconv.ParseUint(query.Get("random"), 10, 32)
	switch {
	case r.Method != http.MethodPost, err != nil, query.Get("contenttype") != "json":
		return &Refusal{Code: codeBadURL, Info: "POST with a 32-bit random and contenttype=json"}
	case query.Get("sdkappid") == "":
		return &Refusal{Code: codeNoApp, Info: "sdkappid missing"}
	case query.Get("sdkappid") != s.options.SDKAppID:
		return &Refusal{Code: codeForeignApp, Info: "no such app"}
	}
	now := s.options.Now()
	if code := checkUserSig(query.Get("usersig"), s.options.SDKAppID, query.Get("identifier"), s.options.SecretKey, now); code != 0 {
		return &Refusal{Code: code, Info: "UserSig refused"}
	}
	if query.Get("identifier") != s.options.Admin {
		return &Refusal{Code: codeNotAdmin, Info: "identifier is not an admin"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if second := now.Unix(); second != s.second {
		s.second, s.served = second, 0
	}
	if s.served++; s.options.CallsPerSecond > 0 && s.served > s.options.CallsPerSecond {
		return &Refusal{Code: codeTooManyCalls, Info: "too many calls"}
	}
	return nil
}

// request is the body of any of the four calls.
type request struct {
	msgext.Address
	StartSeq      int64             `json:"StartSeq"`
	OperateType   msgext.Operation  `json:"OperateType"`
	ExtensionList []msgext.KeyValue `json:"ExtensionList"`

	message msgext.Message
}

func parseRequest(command, app string, body io.Reader) (request, error) {
	var r request
	data, err := io.ReadAll(io.LimitReader(body, maxRequest))
	if err != nil || json.Unmarshal(data, &r) != nil {
		return r, &Refusal{Code: codeBadJSON, Info: "body is not the JSON of this call"}
	}
	r.message, err = r.Address.Message(app)
	switch command {
	case "group_get_key_values", "group_set_key_values":
		if err != nil || !r.message.IsGroup() {
			return r, &Refusal{Code: codeInvalidGroup, Info: "GroupId or MsgSeq missing"}
		}
	case "get_key_values", "set_key_values":
		if err != nil || r.message.IsGroup() {
			return r, &Refusal{Code: codeInvalidC2C, Info: "From_Account, To_Account or MsgKey missing"}
		}
	default:
		return r, &Refusal{Code: codeNoCommand, Info: "no such command"}
	}
	if r.StartSeq < 0 {
		return r, invalid(r.message, "StartSeq is negative")
	}
	return r, nil
}

// read returns one page: the first key-values with a version at or above start.
func (s *Sim) read(message msgext.Message, start int64) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	record, err := s.truth.known(message)
	if err != nil {
		return nil, err
	}
	list := record.list(start)
	latest := record.latest
	if s.options.LatestFalls {
		latest = s.latestOf(record, record.list(0))
	}
	page := msgext.NewReadReply(latest, record.clear, list)
	if len(list) > s.options.PageSize {
		page.CompleteFlag, page.ExtensionList = 0, list[:s.options.PageSize]
	}
	return page, nil
}

// known returns the record of a message. Its error is a *Refusal if there is no such message.
func (t truth) known(message msgext.Message) (*record, error) {
	if r, ok := t[message]; ok {
		return r, nil
	}
	if !message.IsGroup() {
		return nil, &Refusal{Code: codeNoC2CMessage, Info: "no such message"}
	}
	for other := range t {
		if other.GroupID == message.GroupID {
			return nil, &Refusal{Code: codeNoGroupMessage, Info: "no such message"}
		}
	}
	return nil, &Refusal{Code: codeNoGroup, Info: "no such group"}
}

// setReply has a result for each key.
type setReply struct {
	ActionStatus  string
	ErrorCode     int
	ErrorInfo     string
	ExtensionList []keyResult
}

type keyResult struct {
	ErrorCode int
	Extension msgext.KeyValue
}

func (s *Sim) set(request request) (any, error) {
	s.mu.Lock()
	_, err := s.truth.known(request.message)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	change := Change{Message: request.message, Operation: request.OperateType, KeyValues: request.ExtensionList}
	if s.options.CheckSeq {
		change.User = s.options.Admin
	}
	outcome, err := s.Change(change)
	var refusal *Refusal
	if errors.As(err, &refusal) && refusal.Code != codeConflict {
		return nil, err
	}
	answer := setReply{ActionStatus: "OK", ExtensionList: []keyResult{}}
	for _, kv := range outcome.KeyValues {
		answer.ExtensionList = append(answer.ExtensionList, keyResult{0, kv})
	}
	for _, kv := range outcome.Conflicts {
		answer.ExtensionList = append(answer.ExtensionList, keyResult{codeConflict, kv})
	}
	return answer, nil
}

func refused(refusal *Refusal) any {
	return map[string]any{"ActionStatus": "FAIL", "ErrorCode": refusal.Code, "ErrorInfo": refusal.Info}
}

func reply(w http.ResponseWriter, answer any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // if it fails, the caller has gone
}
