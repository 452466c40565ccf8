package msgext_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
)

func TestAddress(t *testing.T) {
	tests := []struct {
		name    string
		json    string
		want    msgext.Message
		wantErr error
	}{
		{"group", `{"GroupId":"@TGS#1","MsgSeq":7}`, msgext.Message{SDKAppID: "1", GroupID: "@TGS#1", MsgSeq: 7}, nil},
		{"group's message 0", `{"GroupId":"g","MsgSeq":0}`, msgext.Message{SDKAppID: "1", GroupID: "g"}, nil},
		{"one-to-one", `{"From_Account":"a","To_Account":"b","MsgKey":"1_2_3"}`, msgext.Message{SDKAppID: "1", From: "a", To: "b", MsgKey: "1_2_3"}, nil},
		{"nothing", `{}`, msgext.Message{}, msgext.ErrAddress},
		{"no MsgSeq", `{"GroupId":"g"}`, msgext.Message{}, msgext.ErrAddress},
		{"no GroupId", `{"MsgSeq":1}`, msgext.Message{}, msgext.ErrAddress},
		{"negative", `{"GroupId":"g","MsgSeq":-1}`, msgext.Message{}, msgext.ErrAddress},
		{"no From_Account", `{"To_Account":"b","MsgKey":"1_2_3"}`, msgext.Message{}, msgext.ErrAddress},
		{"no To_Account", `{"From_Account":"a","MsgKey":"1_2_3"}`, msgext.Message{}, msgext.ErrAddress},
		{"no MsgKey", `{"From_Account":"a","To_Account":"b"}`, msgext.Message{}, msgext.ErrAddress},
		{"both forms", `{"GroupId":"g","MsgSeq":1,"From_Account":"a","To_Account":"b","MsgKey":"1_2_3"}`, msgext.Message{}, msgext.ErrAddress},
		{"one form and a part of the other", `{"GroupId":"g","MsgSeq":1,"MsgKey":"1_2_3"}`, msgext.Message{}, msgext.ErrAddress},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var address msgext.Address
			require.NoError(t, json.Unmarshal([]byte(test.json), &address))
			got, err := address.Message("1")
			require.ErrorIs(t, err, test.wantErr)
			assert.Equal(t, test.want, got)
			if err == nil {
				encoded, err := json.Marshal(got.Address())
				require.NoError(t, err)
				assert.Equal(t, test.json, string(encoded))
			}
		})
	}
}
