package reader

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"msgext/pkg/msgext"
)

// Names of the fields that identify a message, as Chat spells them.
const (
	fieldGroup = "GroupId"
	fieldSeq   = "MsgSeq"
	fieldFrom  = "From_Account"
	fieldTo    = "To_Account"
	fieldKey   = "MsgKey"
)

// field is one of the fields that identify a message, decoded.
type field struct{ name, value string }

// route holds the fields by which a request identifies its message: from its path or, if that has
// none, from its query.
type route []field

// routeOf splits the path as it was sent, so that an escaped slash stays within its field. It is
// used instead of http.ServeMux, which redirects paths that are not clean.
func routeOf(r *http.Request) (route, error) {
	parts := strings.Split(r.URL.EscapedPath(), "/")
	for i, part := range parts {
		decoded, err := url.PathUnescape(part)
		if err != nil {
			return nil, errPath
		}
		parts[i] = decoded
	}
	if len(parts) < 3 || parts[0] != "" || parts[1] != "api" {
		return nil, errPath
	}
	switch p := parts[2:]; {
	case len(p) == 1 && p[0] == "extensions":
		return nil, nil
	case len(p) == 5 && p[0] == "groups" && p[2] == "messages" && p[4] == "extensions":
		return route{{fieldGroup, p[1]}, {fieldSeq, p[3]}}, nil
	case len(p) == 6 && p[0] == "c2c" && p[3] == "messages" && p[5] == "extensions":
		return route{{fieldFrom, p[1]}, {fieldTo, p[2]}, {fieldKey, p[4]}}, nil
	}
	return nil, errPath
}

// parse returns the message that the request identifies, and the tally that it asks for.
func (fields route) parse(sdkAppID string, r *http.Request) (msgext.Message, Tally, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return msgext.Message{}, "", invalid("query", "does not parse")
	}
	tally, err := tallyOf(query)
	if err != nil {
		return msgext.Message{}, "", err
	}
	if fields == nil {
		if fields, err = fromQuery(query); err != nil {
			return msgext.Message{}, "", err
		}
	}
	message, err := fields.message(sdkAppID)
	return message, tally, err
}

func tallyOf(query url.Values) (Tally, error) {
	switch given := query["tally"]; len(given) {
	case 0:
		return "", nil
	case 1:
		if tally := Tally(given[0]); tally == Values || tally == Poll {
			return tally, nil
		}
		return "", invalid("tally", "neither values nor poll")
	}
	return "", invalid("tally", "given more than once")
}

// fromQuery reads the fields of one form from a query. Each must be given once, and no field of the
// other form.
func fromQuery(query url.Values) (route, error) {
	group, c2c := []string{fieldGroup, fieldSeq}, []string{fieldFrom, fieldTo, fieldKey}
	wanted, other := group, c2c
	if !query.Has(fieldGroup) && (query.Has(fieldFrom) || query.Has(fieldTo) || query.Has(fieldKey)) {
		wanted, other = c2c, group
	}
	for _, name := range other {
		if query.Has(name) {
			return nil, invalid(name, "contradicts "+wanted[0])
		}
	}
	var fields route
	for _, name := range wanted {
		switch values := query[name]; len(values) {
		case 0:
			return nil, invalid(name, "missing")
		case 1:
			fields = append(fields, field{name, values[0]})
		default:
			return nil, invalid(name, "given more than once")
		}
	}
	return fields, nil
}

func (fields route) message(sdkAppID string) (msgext.Message, error) {
	m := msgext.Message{SDKAppID: sdkAppID}
	for _, f := range fields {
		if f.value == "" {
			return msgext.Message{}, invalid(f.name, "empty")
		}
		if !utf8.ValidString(f.value) {
			return msgext.Message{}, invalid(f.name, "not UTF-8")
		}
		switch f.name {
		case fieldGroup:
			m.GroupID = f.value
		case fieldSeq:
			seq, err := strconv.ParseUint(f.value, 10, 63) // only digits, no sign
			if err != nil {
				return msgext.Message{}, invalid(f.name, "not a non-negative integer")
			}
			m.MsgSeq = int64(seq)
		case fieldFrom:
			m.From = f.value
		case fieldTo:
			m.To = f.value
		case fieldKey:
			m.MsgKey = f.value
		}
	}
	return m, nil
}

func invalid(name, rule string) refusal { return refusal{http.StatusBadRequest, name + ": " + rule} }
