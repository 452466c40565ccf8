package sample

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"msgext/pkg/secret"
	"msgext/pkg/webhook"
)

// VectorsSDKAppID is the app that the vectors are for, until Query is told of another.
const VectorsSDKAppID = "1400000000"

// Vector is a file of testdata/vectors: a request as Chat or an attacker would send it, with the reply it must
// get. The query's placeholders are filled by Query.
type Vector struct {
	Name    string `json:"-"`
	Comment string `json:"comment"`
	Source  string `json:"source"`
	Request struct {
		Method string `json:"method"`
		Path   string `json:"path"`
		Query  string `json:"query"`
		Body   string `json:"body"`
		Base64 bool   `json:"base64"` // in the file body is encoded so, because it is no text
	} `json:"request"`
	Want struct {
		Status int             `json:"status"`
		Reason string          `json:"reason"` // as logged
		Reply  json.RawMessage `json:"reply"`
	} `json:"want"`
}

var placeholder = regexp.MustCompile(`\{(TIME|SIGN)([+-]\d+)?(?::(\w+))?\}`)

// Query returns the raw query as it would be sent at a moment, for an app and signed with its token: {TIME} is the
// moment's Unix seconds, {SIGN} the signature for them, either with an offset in seconds ({TIME-61}) and the
// signature with another token ({SIGN:token}). An app that a vector writes percent-encoded stays as it is.
func (v Vector) Query(sdkAppID string, token secret.String, at time.Time) string {
	query := strings.ReplaceAll(v.Request.Query, VectorsSDKAppID, url.QueryEscape(sdkAppID))
	return placeholder.ReplaceAllStringFunc(query, func(text string) string {
		match := placeholder.FindStringSubmatch(text)
		offset, _ := strconv.ParseInt(strings.TrimPrefix(match[2], "+"), 10, 64)
		seconds := strconv.FormatInt(at.Unix()+offset, 10)
		if match[1] == "TIME" {
			return seconds
		}
		if match[3] != "" {
			return webhook.Sign(secret.String(match[3]), seconds)
		}
		return webhook.Sign(token, seconds)
	})
}

// Vectors reads all files of a folder, by name. It fails where there are none.
func Vectors(folder string) ([]Vector, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no vectors in %s", folder)
	}
	vectors := make([]Vector, len(files))
	for i, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(content, &vectors[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if request := &vectors[i].Request; request.Base64 {
			body, err := base64.StdEncoding.DecodeString(request.Body)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			request.Body = string(body)
		}
		vectors[i].Name = strings.TrimSuffix(filepath.Base(file), ".json")
	}
	return vectors, nil
}
