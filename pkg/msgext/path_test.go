package msgext_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"msgext/pkg/msgext"
)

func TestMessage_PathNamesOneMessageOnly(t *testing.T) {
	messages := rapid.Custom(func(t *rapid.T) msgext.Message {
		text := rapid.StringN(1, 8, -1)
		m := msgext.Message{SDKAppID: text.Draw(t, "app")}
		if rapid.Bool().Draw(t, "group") {
			m.GroupID, m.MsgSeq = text.Draw(t, "group id"), rapid.Int64Min(0).Draw(t, "seq")
		} else {
			m.From, m.To, m.MsgKey = text.Draw(t, "from"), text.Draw(t, "to"), text.Draw(t, "key")
		}
		return m
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := messages.Draw(t, "a"), messages.Draw(t, "b")
		parsed, err := msgext.ParsePath(a.Path())
		require.NoError(t, err)
		require.Equal(t, a, parsed)
		require.Equal(t, a == b, a.Path() == b.Path())
	})
	for _, path := range []string{"", "1/2", "1/g/x", "1/g/-1", "1//2", "1/2/3/4/5", "%zz/g/1"} {
		_, err := msgext.ParsePath(path)
		assert.ErrorIs(t, err, msgext.ErrPath, path)
	}
}

// FuzzPath checks what stores and consumers rely on: no two messages have the same Path, a Path is
// one line of printable ASCII, and ParsePath accepts a Path and nothing else.
func FuzzPath(f *testing.F) {
	f.Add("1", "a", "b", "c", int64(0), "1/g/10")
	f.Add("1400000000", "@TGS#1YMVAB3IZ", "好/友", "93847636_1287657_1764688415", int64(158), "1/a/b/c")
	f.Add("%", "/", "\x00\n", "\xff", int64(-1), "1/%67/10")
	f.Add("a/b", ".", "..", " ", int64(1), "1/g/+10")
	f.Fuzz(func(t *testing.T, app, first, second, third string, seq int64, path string) {
		messages := []msgext.Message{
			{SDKAppID: app, GroupID: first, MsgSeq: seq}, {SDKAppID: app, GroupID: second, MsgSeq: seq},
			{SDKAppID: app, From: first, To: second, MsgKey: third}, {SDKAppID: first, From: app, To: third, MsgKey: second},
		}
		byPath := make(map[string]msgext.Message)
		for _, m := range messages {
			valid, err := m.Address().Message(m.SDKAppID)
			if err != nil || app == "" || m.SDKAppID == "" {
				continue // an empty id identifies no message
			}
			if valid != m {
				t.Fatalf("its address is another's: %+v, %+v", valid, m)
			}
			written := m.Path()
			for i := range len(written) {
				if written[i] <= ' ' || written[i] > '~' {
					t.Fatalf("not printable: %q", written)
				}
			}
			if other, taken := byPath[written]; taken && other != m {
				t.Fatalf("%+v and %+v share %q", other, m, written)
			}
			byPath[written] = m
			if read, err := msgext.ParsePath(written); err != nil || read != m {
				t.Fatalf("%q is read as %+v (%v), and is of %+v", written, read, err, m)
			}
		}
		read, err := msgext.ParsePath(path)
		switch {
		case err != nil && (err != msgext.ErrPath || read != msgext.Message{}):
			t.Fatalf("%+v, %v", read, err)
		case err == nil && read.Path() != path:
			t.Fatalf("%q names the message of %q", path, read.Path())
		}
	})
}
