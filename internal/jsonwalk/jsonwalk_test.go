package jsonwalk_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/jsonwalk"
)

const maxDepth = 64

// tree reads a complete value in the form that json.Unmarshal gives an any. Numbers keep their
// text.
func tree(w *jsonwalk.Walker) (any, error) {
	switch w.Kind() {
	case '{':
		object := map[string]any{}
		err := w.Object(func(name []byte) (err error) {
			object[mended(name)], err = tree(w)
			return err
		})
		return object, err
	case '[':
		list := []any{}
		err := w.List(func(index int) error {
			if index != len(list) {
				return fmt.Errorf("index %d of element %d", index, len(list))
			}
			element, err := tree(w)
			list = append(list, element)
			return err
		})
		return list, err
	case '"':
		return w.MendedText()
	case '0':
		raw, err := w.Number()
		return jsontext.Value(raw).Clone(), err
	case 't', 'f':
		kind := w.Kind()
		return kind == 't', w.Skip()
	}
	return nil, w.Skip()
}

// mended replaces each byte of a name that is not UTF-8 by U+FFFD, as range does.
func mended(name []byte) string { return string([]rune(string(name))) }

func walk(data []byte) (any, error) {
	w := jsonwalk.New(data, maxDepth)
	value, err := tree(&w)
	if err == nil {
		err = w.End()
	}
	return value, err
}

func skip(data []byte) (offset int, err error) {
	w := jsonwalk.New(data, maxDepth)
	if err = w.Skip(); err == nil {
		err = w.End()
	}
	return w.Offset(), err
}

func TestWalk_ReadsWhatStandsThere(t *testing.T) {
	value, err := walk([]byte(" {\"a\" :\t[ 1 ,-0.5e+3,true,false,null, \"\\u00e9\\n\\/\\\"\" ]\r\n, \"\\u0062\":{}, \"\":[], \"é\":\"é\" } "))
	require.NoError(t, err)
	assert.Equal(t, map[string]any{
		"a": []any{jsontext.Value("1"), jsontext.Value("-0.5e+3"), true, false, nil, "é\n/\""},
		"b": map[string]any{}, "": []any{}, "é": "é",
	}, value)
}

func TestWalk_Refuses(t *testing.T) {
	many := `"` + strings.Repeat(`x`, 40)
	// The names of one object; the first is x0.
	names := func(count int, last string) string {
		var b strings.Builder
		b.WriteByte('{')
		for i := range count {
			fmt.Fprintf(&b, `"x%d":0,`, i)
		}
		return b.String() + last + ":0}"
	}
	tests := []struct {
		name, data string
		want       error
		offset     int
	}{
		{"nothing", "", io.ErrUnexpectedEOF, 0},
		{"white space only", " \n", io.ErrUnexpectedEOF, 0},
		{"other white space", "\v1", jsonwalk.ErrSyntax, 0},
		{"cut in a name", `{"a":1,"b`, io.ErrUnexpectedEOF, 6},
		{"cut after an escape", `["a\`, io.ErrUnexpectedEOF, 1},
		{"cut in a literal", `[tru`, io.ErrUnexpectedEOF, 1},
		{"cut in a number", `[-`, io.ErrUnexpectedEOF, 1},
		{"cut in a list", `[1`, io.ErrUnexpectedEOF, 2},
		{"a name without a value", `{"a"}`, jsonwalk.ErrSyntax, 4},
		{"a name that is no string", `{1:1}`, jsonwalk.ErrSyntax, 1},
		{"comma at the beginning", `[,1]`, jsonwalk.ErrSyntax, 1},
		{"comma at the end", `[1,]`, jsonwalk.ErrSyntax, 2},
		{"no comma", `[1 2]`, jsonwalk.ErrSyntax, 2},
		{"wrong end", `[1}`, jsonwalk.ErrSyntax, 2},
		{"leading zero", `[01]`, jsonwalk.ErrSyntax, 2},
		{"bare fraction", `[.5]`, jsonwalk.ErrSyntax, 1},
		{"no digits in the fraction", `[1.]`, jsonwalk.ErrSyntax, 1},
		{"no digits in the exponent", `[1e+]`, jsonwalk.ErrSyntax, 1},
		{"plus", `[+1]`, jsonwalk.ErrSyntax, 1},
		{"another literal", `[nul1]`, jsonwalk.ErrSyntax, 1},
		{"comment", `[1/**/]`, jsonwalk.ErrSyntax, 2},
		{"control character", "[\"a long text and\x1f\"]", jsonwalk.ErrSyntax, 1},
		{"unknown escape", `["\x"]`, jsonwalk.ErrSyntax, 1},
		{"short escape", `["\u12"]`, jsonwalk.ErrSyntax, 1},
		{"short escape of a surrogate's other half", `["\ud800\udc0"]`, jsonwalk.ErrSyntax, 1},
		{"a byte that is no UTF-8 after a backslash", "[\"\\\xff\"]", jsonwalk.ErrSyntax, 1},
		{"no UTF-8 outside of text", "[\xff]", jsonwalk.ErrSyntax, 1},
		{"a name twice, both mended", `{"\ud800":1,"\udfff":2}`, jsontext.ErrDuplicateName, 11},
		{"a name twice, one of them mended", "{\"a\ufffd\":1,\"a\xff\":2}", jsontext.ErrDuplicateName, 9},
		{"a name twice among many, mended", names(200, "\"\xff\":0,\"\ufffd\""), jsontext.ErrDuplicateName, len(names(200, "\"\xff\":0")) - len(":0}")},
		{"a name twice, the first of many", "{\"\xff\":0," + names(200, `"\udead"`)[1:], jsontext.ErrDuplicateName, len("{\"\xff\":0,") + len(names(200, "")[1:]) - len(",:0}")},
		{"a name twice", `{"a":1,"a":2}`, jsontext.ErrDuplicateName, 6},
		{"a name twice, once escaped", `{"a":1,"\u0061":2}`, jsontext.ErrDuplicateName, 6},
		{"a name twice among few", names(20, `"x0"`), jsontext.ErrDuplicateName, len(names(20, "")) - len(",:0}")},
		{"a name twice among many", names(200, `"x0"`), jsontext.ErrDuplicateName, len(names(200, "")) - len(",:0}")},
		{"the second of many names twice over", names(200, `"x199"`), jsontext.ErrDuplicateName, len(names(200, "")) - len(",:0}")},
		{"too deep", strings.Repeat("[", maxDepth+1), jsonwalk.ErrDepth, maxDepth + 1},
		{"very much too deep", strings.Repeat(`{"a":[`, 1_000_000), jsonwalk.ErrDepth, maxDepth/2*6 + 1},
		{"text without an end", many, io.ErrUnexpectedEOF, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := walk([]byte(test.data))
			assert.Equal(t, test.want, err)
			offset, err := skip([]byte(test.data))
			assert.Equal(t, test.want, err, "skipped")
			assert.Equal(t, test.offset, offset)
		})
	}
}

func TestWalk_TakesWhatIsAsDeepAsAllowed(t *testing.T) {
	_, err := skip([]byte(strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth)))
	assert.NoError(t, err)
}

func TestWalk_OneNameInTwoObjectsIsNotTwice(t *testing.T) {
	_, err := skip([]byte(`{"a":{"a":{"a":0}},"b":[{"a":0},{"a":0}]}`))
	assert.NoError(t, err)
}

// Chat's read can return such values: some client cut a text in the middle of a character.
func TestWalk_MendsText(t *testing.T) {
	tests := []struct {
		name, data, want, mended string
	}{
		{"clean", `"é\ud83d\ude00\n"`, "é\U0001f600\n", `"é\ud83d\ude00\n"`},
		{"U+FFFD itself", `"\ufffd\uFFFD` + "\ufffd" + `"`, "\ufffd\ufffd\ufffd", `"\ufffd\uFFFD` + "\ufffd" + `"`},
		{"a first half", `"a\ud83d"`, "a\ufffd", `"a\ufffd"`},
		{"a second half", `"\uDE00b"`, "\ufffdb", `"\ufffdb"`},
		{"two first halves and a second", `"\ud83d\ud83d\ude00"`, "\ufffd\U0001f600", `"\ufffd\ud83d\ude00"`},
		{"a half before another escape", `"\ud83d\n\u0041"`, "\ufffd\nA", `"\ufffd\n\u0041"`},
		{"what only looks like an escape", `"\\ud83d\\\ud83d"`, "\\ud83d\\\ufffd", `"\\ud83d\\\ufffd"`},
		{"bytes", "\"a\xff\xfeb\"", "a\ufffd\ufffdb", "\"a\ufffd\ufffdb\""},
		{"a character cut short", "\"\xe6\x97\"", "\ufffd\ufffd", "\"\ufffd\ufffd\""},
		{"a surrogate as bytes", "\"\xed\xa0\xbd\"", "\ufffd\ufffd\ufffd", "\"\ufffd\ufffd\ufffd\""},
		{"bytes and a half", "\"\xff\\ud83d\xff\"", "\ufffd\ufffd\ufffd", "\"\ufffd\\ufffd\ufffd\""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := jsonwalk.New([]byte(test.data), maxDepth)
			text, err := w.MendedText()
			require.NoError(t, err)
			assert.Equal(t, test.want, text)
			count := 1
			if test.data == test.mended {
				count = 0
			}
			assert.Equal(t, count, w.Broken())
			assert.Equal(t, test.mended, string(jsonwalk.Mend([]byte(test.data))))

			named := jsonwalk.New([]byte("{"+test.data+":["+test.data+"]}"), maxDepth)
			require.NoError(t, named.Object(func(name []byte) error {
				assert.Equal(t, test.want, mended(name))
				return named.Skip()
			}))
			assert.Equal(t, 2*count, named.Broken(), "names, and what is passed over")
		})
	}
}

func TestWalk_KeepsBytesThatAreNoUTF8(t *testing.T) {
	data := []byte("\"a\xff\\n\xe6\\u00e9\\ud83d\"")
	w := jsonwalk.New(data, maxDepth)
	inBytes, err := w.Bytes()
	require.NoError(t, err)
	assert.Equal(t, "a\xff\n\xe6é\ufffd", string(inBytes))
	assert.Equal(t, 1, w.Broken())

	w = jsonwalk.New(data, maxDepth)
	text, err := w.Text()
	require.NoError(t, err)
	assert.Equal(t, string(inBytes), text)
}

func TestMembers_TakesNamesTwice(t *testing.T) {
	w := jsonwalk.New([]byte(` {"a":1,"a":{"b":[]},"a":null} `), maxDepth)
	var names []string
	require.NoError(t, w.Members(func(name []byte) error {
		names = append(names, string(name))
		return w.Skip()
	}))
	assert.Equal(t, []string{"a", "a", "a"}, names)
	assert.NoError(t, w.End())
	for _, data := range []string{`{"a"}`, `{"a":1,}`, `{,}`, `{1:1}`, `[]`, `{"a":1`, ``} {
		w := jsonwalk.New([]byte(data), maxDepth)
		assert.Error(t, w.Members(func([]byte) error { return w.Skip() }), data)
	}
}

func TestPass_TakesAnyDepthAndNamesTwice(t *testing.T) {
	const deep = 100_000
	for _, data := range []string{
		`{"a":1,"a":{"b":2,"b":3}}`, `[{}, [], {"a":[{"a":""}]} ]`,
		strings.Repeat("[", deep) + strings.Repeat("]", deep),
		strings.Repeat(`{"a":`, deep) + "0" + strings.Repeat("}", deep),
	} {
		w := jsonwalk.New([]byte(data), maxDepth)
		require.NoError(t, w.Pass())
		require.NoError(t, w.End())
	}
	w := jsonwalk.New([]byte(`[[[[1]]],[[[]]]]`), 3)
	assert.Equal(t, jsonwalk.ErrDepth, w.List(func(index int) error {
		if index == 0 {
			return w.Pass()
		}
		return w.Skip()
	}), "the bound holds again after it")
	assert.Equal(t, len(`[[[[1]]],[[[`), w.Offset())
}

func TestWhole(t *testing.T) {
	for data, want := range map[string]bool{"10": false, "10 ": true, "10,": true, "10}": true, "10]": false, "10x": false, "10.": false, "10\v": false} {
		w := jsonwalk.New([]byte(data), maxDepth)
		if _, err := w.Number(); err != nil {
			assert.False(t, want, data)
			continue
		}
		assert.Equal(t, want, w.Whole(), data)
	}
}

func TestWalk_NothingMayFollow(t *testing.T) {
	for _, data := range []string{"{} {}", "1 x", "null,", "[]\x00"} {
		_, err := skip([]byte(data))
		assert.Equal(t, jsonwalk.ErrSyntax, err, data)
	}
}

func TestWalk_ReturnsTheVisitorsError(t *testing.T) {
	stop := func() error { return io.ErrNoProgress }
	object := jsonwalk.New([]byte(`{"a":1}`), maxDepth)
	assert.Equal(t, io.ErrNoProgress, object.Object(func([]byte) error { return stop() }))
	list := jsonwalk.New([]byte(`[1]`), maxDepth)
	assert.Equal(t, io.ErrNoProgress, list.List(func(int) error { return stop() }))
}

func TestWalk_DataMayBeReused(t *testing.T) {
	data := []byte(`["abc","d\ne"]`)
	value, err := walk(data)
	require.NoError(t, err)
	clear(data)
	assert.Equal(t, []any{"abc", "d\ne"}, value)
}

// FuzzWalk compares the package with jsontext: both accept the same input and read the same from
// it. The output of Mend is read alike by a reader that is strict about text. Data without damaged
// strings comes out of Mend unchanged.
func FuzzWalk(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-0.5e+3,true,false,null,"\u00e9\n\/\"\\"],"b":{},"é":"\ud83d\ude00"}`, ` [ 1 , 2 ] `, `{"a":1,"\u0061":2}`,
		`"\ud800"`, `{"\ud83d\\":"\ude00"}`, "\"\xff\\\\ud800\xed\xa0\xbd\"", `{"a":{"b":1,"b":[[]]}}`, `[01]`, `{"":""}`, "\"\x7f\xc3\xa9 long enough for two words\"", `[1,]`, `-`, `1e`, `{"a" :1}x`, strings.Repeat("[", 70),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := walk(data)
		_, skipErr := skip(data)
		require.Equal(t, err, skipErr)
		// ErrDepth comes before later errors, and jsontext bounds depth elsewhere.
		if err == jsonwalk.ErrDepth {
			return
		}
		passed := jsonwalk.New(data, maxDepth)
		valid := passed.Pass() == nil && passed.End() == nil
		if valid != jsontext.Value(data).IsValid(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)) {
			t.Fatalf("Pass: %v for %q", valid, data)
		}
		if !jsontext.Value(data).IsValid(jsontext.AllowInvalidUTF8(true)) {
			require.Error(t, err, "accepted %q", data)
			return
		}
		require.NoError(t, err, "refused %q", data)
		var want any
		require.NoError(t, json.Unmarshal(data, &want, jsontext.AllowInvalidUTF8(true), json.WithUnmarshalers(json.UnmarshalFromFunc(numberAsItStands))))
		require.Equal(t, want, got)

		mended := jsonwalk.Mend(data)
		require.True(t, jsontext.Value(mended).IsValid(), "%q", mended)
		again, err := walk(mended)
		require.NoError(t, err)
		require.Equal(t, want, again)
		require.Equal(t, passed.Broken() == 0, string(mended) == string(data))
	})
}

func numberAsItStands(dec *jsontext.Decoder, value *any) error {
	if dec.PeekKind() != '0' {
		return errors.ErrUnsupported
	}
	raw, err := dec.ReadValue()
	*value = raw.Clone()
	return err
}

func BenchmarkWalk(b *testing.B) {
	data := []byte(`{"name":"` + strings.Repeat("value ", 20) + `","list":[` + strings.Repeat(`{"Key":"user","Value":"option \"2\"","Seq":58},`, 20) + `null]}`)
	b.Run("skip", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			if _, err := skip(data); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("floor: jsontext validates", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			if !jsontext.Value(data).IsValid() {
				b.Fatal("not valid")
			}
		}
	})
}
