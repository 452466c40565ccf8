package chatsim

import "strconv"

// addresses answers GetIPList.
func (s *Sim) addresses(kind string) (any, error) {
	number, err := strconv.Atoi(kind)
	if err != nil || number < 0 || number > 6 {
		return nil, &Refusal{Code: codeBadURL, Info: "nettype is not 0 to 6"}
	}
	list := s.options.Addresses[number]
	if list == nil {
		list = []string{}
	}
	return struct {
		ActionStatus string
		ErrorCode    int
		ErrorInfo    string
		IPList       []string
	}{ActionStatus: "OK", IPList: list}, nil
}
