package sample

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"msgext/pkg/secret"
	"msgext/pkg/webhook"
	"msgext/testdata"
)

// VectorsSDKAppID is the app of the vectors. Query can use another.
const VectorsSDKAppID = "1400000000"

// Vector is a file of testdata/vectors: a request as Chat or an attacker sends it, and the reply it
// must get. Query fills in the placeholders of the query.
type Vector struct {
	Name    string `json:"-"`
	Comment string `json:"comment"`
	Source  string `json:"source"`
	Request struct {
		Method string `json:"method"`
		Path   string `json:"path"`
		Query  string `json:"query"`
		Body   string `json:"body"`
		Base64 bool   `json:"base64"` // in the file, body is base64 because it is not text
	} `json:"request"`
	Want struct {
		Status int             `json:"status"`
		Reason string          `json:"reason"` // as logged
		Reply  json.RawMessage `json:"reply"`

		// Doubts is the path of the message that must then be read back, or "" for none.
		Doubts string `json:"doubts,omitempty"`
	} `json:"want"`
}

var placeholder = regexp.MustCompile(`\{(TIME|SIGN)([+-]\d+)?(?::(\w+))?\}`)

// Query returns the raw query as it is sent at a moment, for an app and signed with its token.
// {TIME} becomes the moment's Unix seconds, and {SIGN} the signature for them. Both may have an
// offset in seconds ({TIME-61}), and the signature may name another token ({SIGN:token}). An app
// that a vector writes percent-encoded is kept.
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

// Vectors returns all vectors by name.
func Vectors() []Vector {
	var vectors []Vector
	for name, content := range files("vectors") {
		vector := Vector{Name: name}
		if err := vector.read(content); err != nil {
			// Embedded in the binary, and its tests read every one.
			panic(fmt.Sprintf("testdata/vectors/%s.json: %v", name, err))
		}
		vectors = append(vectors, vector)
	}
	return vectors
}

func (v *Vector) read(content []byte) error {
	if err := json.Unmarshal(content, v); err != nil {
		return err
	}
	if !v.Request.Base64 {
		return nil
	}
	body, err := base64.StdEncoding.DecodeString(v.Request.Body)
	v.Request.Body = string(body)
	return err
}

// Changes returns the bodies of the three changes on the vendor's page (trtc.io/document/76007,
// read 2026-01-04): a set, a delete and a clear. The comments that the page prints in them are left
// out.
func Changes() (bodies []string) {
	for _, name := range []string{"sample-group-set", "sample-group-delete", "sample-group-clear"} {
		for _, vector := range Vectors() {
			if vector.Name == name {
				bodies = append(bodies, vector.Request.Body)
			}
		}
	}
	return bodies
}

// files returns the JSON files of a folder of testdata, sorted by name. The names come without
// .json.
func files(folder string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		entries, err := testdata.Files.ReadDir(folder)
		if err != nil {
			panic(err) // the caller named a folder that does not exist
		}
		for _, entry := range entries {
			content, err := testdata.Files.ReadFile(path.Join(folder, entry.Name()))
			if err != nil {
				panic(err) // cannot happen, because the file is embedded in the binary
			}
			if !yield(strings.TrimSuffix(entry.Name(), ".json"), content) {
				return
			}
		}
	}
}
