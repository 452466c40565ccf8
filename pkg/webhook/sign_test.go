package webhook_test

import (
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/secret"
	"msgext/pkg/webhook"
)

// The vendor's published signature (trtc.io/document/34354).
const token secret.String = "xxxxyyyy"

const (
	requestTime = "1669872112"
	sign        = "17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061"
)

var now = time.Unix(1669872112, 0)

func query() webhook.Query {
	return webhook.Query{SDKAppID: "1400000000", Command: "Group.CallbackAfterSendMsg", Sign: sign, RequestTime: requestTime, HasCommand: true}
}

func TestSign_PublishedVector(t *testing.T) {
	assert.Equal(t, sign, webhook.Sign(token, requestTime))
}

func TestVerify(t *testing.T) {
	tests := []struct {
		name   string
		tokens []secret.String
		change func(*webhook.Query)
		age    time.Duration
		want   error
	}{
		{name: "published pair"},
		{name: "oldest within the window", age: time.Minute},
		{name: "newest within the window", age: -time.Minute},
		{name: "stale by a second", age: 61 * time.Second, want: webhook.ErrStale},
		{name: "a second too new", age: -61 * time.Second, want: webhook.ErrStale},
		{name: "new token of a rotation", tokens: []secret.String{"old", token}},
		{name: "old token of a rotation", tokens: []secret.String{token, "new"}},
		{name: "token withdrawn", tokens: []secret.String{"new"}, want: webhook.ErrSignature},
		{name: "no token at all", tokens: []secret.String{}, want: webhook.ErrSignature},
		{name: "empty token is no token", tokens: []secret.String{""}, want: webhook.ErrSignature,
			change: func(q *webhook.Query) { q.Sign = webhook.Sign("", requestTime) }},
		{name: "unsigned", change: func(q *webhook.Query) { q.Sign, q.RequestTime = "", "" }, want: webhook.ErrUnsigned},
		{name: "no time", change: func(q *webhook.Query) { q.RequestTime = "" }, want: webhook.ErrUnsigned},
		{name: "other time", change: func(q *webhook.Query) { q.RequestTime = "1669872113" }, want: webhook.ErrSignature},
		{name: "upper case", change: func(q *webhook.Query) { q.Sign = strings.ToUpper(q.Sign) }, want: webhook.ErrMalformed},
		{name: "sign too long", change: func(q *webhook.Query) { q.Sign += "0" }, want: webhook.ErrMalformed},
		{name: "signed number", change: func(q *webhook.Query) { q.RequestTime = "+166987211" }, want: webhook.ErrMalformed},
		{name: "other digits", change: func(q *webhook.Query) { q.RequestTime = "١٦٦٩٨" }, want: webhook.ErrMalformed},
		{name: "line break", change: func(q *webhook.Query) { q.RequestTime = "166987211\n" }, want: webhook.ErrMalformed},
		{name: "foreign app", change: func(q *webhook.Query) { q.SDKAppID = "1400000001" }, want: webhook.ErrForeignApp},
		{name: "no app", change: func(q *webhook.Query) { q.SDKAppID = "" }, want: webhook.ErrForeignApp},
		{name: "no command", change: func(q *webhook.Query) { q.Command = "" }, want: webhook.ErrNoCommand},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			q := query()
			if test.change != nil {
				test.change(&q)
			}
			verifier := webhook.Verifier{SDKAppID: "1400000000", Tokens: test.tokens}
			if test.tokens == nil {
				verifier.Tokens = []secret.String{token}
			}
			assert.ErrorIs(t, verifier.Verify(q, now.Add(test.age)), test.want)
		})
	}
}

func TestVerify_UnsignedIsAllowedOnlyWithoutATokenAndByName(t *testing.T) {
	q := webhook.Query{SDKAppID: "1400000000", Command: "x", HasCommand: true}
	allowing := webhook.Verifier{SDKAppID: "1400000000", AllowUnsigned: true}
	require.NoError(t, allowing.Verify(q, now))

	foreign := q
	foreign.SDKAppID = "1"
	assert.ErrorIs(t, allowing.Verify(foreign, now), webhook.ErrForeignApp)

	allowing.Tokens = []secret.String{token}
	assert.ErrorIs(t, allowing.Verify(q, now), webhook.ErrUnsigned)
	assert.ErrorIs(t, webhook.Verifier{SDKAppID: "1400000000"}.Verify(q, now), webhook.ErrUnsigned)
	assert.ErrorIs(t, webhook.Verifier{AllowUnsigned: true}.Verify(webhook.Query{Command: "x"}, now), webhook.ErrForeignApp)
}

// Anyone who has seen one valid pair of time and Sign can make another without the token, by
// continuing the hash where the signature ended (length extension). The new pair is valid by the
// vendor's rule, and must be refused.
func TestVerify_LengthExtensionIsRefused(t *testing.T) {
	for _, suffix := range []string{"", "0", "1669872112", strconv.FormatInt(now.Unix()+3600, 10)} {
		forgedTime, forgedSign := extend(t, len(token.Reveal())+len(requestTime), suffix)
		require.Equal(t, webhook.Sign(token, forgedTime), forgedSign, "the forgery itself must be sound")

		raw := url.Values{"SdkAppid": {"1400000000"}, "CallbackCommand": {"x"}, "Sign": {forgedSign}, "RequestTime": {forgedTime}}.Encode()
		q, err := webhook.ParseQuery(raw)
		require.NoError(t, err)
		verifier := webhook.Verifier{SDKAppID: "1400000000", Tokens: []secret.String{token}}
		assert.ErrorIs(t, verifier.Verify(q, now), webhook.ErrMalformed)
	}
}

// extend makes a longer time and its signature from the published pair and the length of the signed
// text, without the token.
func extend(t *testing.T, signed int, suffix string) (forgedTime, forgedSign string) {
	t.Helper()
	padding := []byte{0x80}
	for (signed+len(padding))%sha256.BlockSize != sha256.BlockSize-8 {
		padding = append(padding, 0)
	}
	padding = binary.BigEndian.AppendUint64(padding, uint64(signed)*8)

	sum, err := hex.DecodeString(sign)
	require.NoError(t, err)
	state := append([]byte("sha\x03"), sum...)
	state = append(state, make([]byte, sha256.BlockSize)...)
	state = binary.BigEndian.AppendUint64(state, uint64(signed+len(padding)))
	hash := sha256.New()
	require.NoError(t, hash.(encoding.BinaryUnmarshaler).UnmarshalBinary(state))
	hash.Write([]byte(suffix))
	return requestTime + string(padding) + suffix, hex.EncodeToString(hash.Sum(nil))
}

func FuzzVerify(f *testing.F) {
	f.Add("SdkAppid=1400000000&CallbackCommand=x&Sign=" + sign + "&RequestTime=" + requestTime)
	f.Add("SdkAppid=1400000000&CallbackCommand=x&Sign=" + sign + "&RequestTime=%31669872112")
	f.Add("%53ign=1&Sign=2")
	f.Add("a=b;c=d&%zz")
	verifier := webhook.Verifier{SDKAppID: "1400000000", Tokens: []secret.String{token}}
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := webhook.ParseQuery(raw)
		if err != nil {
			oneOf(t, err, webhook.ErrQuery, webhook.ErrRepeated)
			return
		}
		if err := verifier.Verify(q, now); err != nil {
			oneOf(t, err, webhook.ErrForeignApp, webhook.ErrUnsigned, webhook.ErrMalformed, webhook.ErrStale, webhook.ErrSignature, webhook.ErrNoCommand)
			return
		}
		// Every accepted query has a genuine signature of ten digits, whichever parser reads it.
		values, err := url.ParseQuery(raw)
		require.NoError(t, err)
		for _, name := range []string{"SdkAppid", "CallbackCommand", "Sign", "RequestTime"} {
			require.Len(t, values[name], 1)
		}
		require.Regexp(t, `^[0-9]{10}$`, values.Get("RequestTime"))
		require.Equal(t, fmt.Sprintf("%x", sha256.Sum256([]byte(token.Reveal()+values.Get("RequestTime")))), values.Get("Sign"))
	})
}

func oneOf(t *testing.T, err error, sentinels ...error) {
	t.Helper()
	for _, sentinel := range sentinels {
		if err == sentinel {
			return
		}
	}
	t.Fatalf("not one of ours: %v", err)
}
