package chatsim

import (
	"bytes"
	"compress/zlib"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"msgext/pkg/secret"
)

// ErrorCodes for a UserSig (cloud.tencent.com/document/product/679/131708).
const (
	codeSigExpired    = 70001
	codeSigUnreadable = 70003
	codeSigWrong      = 70009
	codeSigForeignID  = 70013
	codeSigForeignApp = 70014
)

// signature is the content of a UserSig of version 2.0: JSON, compressed by zlib, in base64 with *,
// - and _ for +, / and =.
type signature struct {
	Version    string `json:"TLS.ver"`
	Identifier string `json:"TLS.identifier"`
	SDKAppID   uint64 `json:"TLS.sdkappid"`
	Time       int64  `json:"TLS.time"`   // Unix seconds
	Expire     int64  `json:"TLS.expire"` // seconds after Time
	Sig        []byte `json:"TLS.sig"`    // HMAC-SHA256 by the app's secret key
}

const maxSigBytes = 4 << 10 // deflated or not

// checkUserSig returns the ErrorCode for a UserSig, 0 if it is valid.
func checkUserSig(text, app, identifier string, key secret.String, now time.Time) int {
	s, err := parseUserSig(text)
	if err != nil || s.Version != "2.0" {
		return codeSigUnreadable
	}
	content := fmt.Sprintf("TLS.identifier:%s\nTLS.sdkappid:%d\nTLS.time:%d\nTLS.expire:%d\n", s.Identifier, s.SDKAppID, s.Time, s.Expire)
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	mac.Write([]byte(content))
	switch {
	case key == "" || !hmac.Equal(mac.Sum(nil), s.Sig):
		return codeSigWrong
	case fmt.Sprint(s.SDKAppID) != app:
		return codeSigForeignApp
	case s.Identifier != identifier:
		return codeSigForeignID
	case now.Unix() > s.Time+s.Expire:
		return codeSigExpired
	}
	return 0
}

func parseUserSig(text string) (signature, error) {
	var s signature
	if len(text) > maxSigBytes {
		return s, io.ErrShortBuffer
	}
	text = strings.NewReplacer("*", "+", "-", "/", "_", "=").Replace(text)
	deflated, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return s, err
	}
	inflater, err := zlib.NewReader(bytes.NewReader(deflated))
	if err != nil {
		return s, err
	}
	plain, err := io.ReadAll(io.LimitReader(inflater, maxSigBytes))
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(plain, &s)
}
