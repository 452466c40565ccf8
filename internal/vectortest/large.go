package vectortest

import (
	"fmt"
	"strings"
)

// LargeBodies returns bodies of an extension webhook as large as the cap of 1 MB lets them be, or
// up to 2 KB less, by their shape: what is valid, what is not, and garbage.
func LargeBodies() map[string]string {
	const cap = 1 << 20
	const begin = `{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"g","MsgSeq":1,"OperateType":1,"Seq":1,`
	fill := func(before, unit, after string) string {
		return before + strings.Repeat(unit, (cap-len(before)-len(after))/len(unit)) + after
	}
	numbered := func(before, format, after string) string {
		var b strings.Builder
		b.WriteString(before)
		for i := 0; ; i++ {
			unit := fmt.Sprintf(format, i)
			if b.Len()+len(unit)+len(after) > cap {
				break
			}
			b.WriteString(unit)
		}
		return b.String() + after
	}
	return map[string]string{
		"empty key-values":           fill(begin+`"ExtensionList":[`, `{},`, `{}]}`),
		"key-values that are none":   fill(begin+`"ExtensionList":[`, `0,`, `0]}`),
		"key-values with faults":     fill(begin+`"ExtensionList":[`, `{"Key":0,"Value":0,"Seq":""},`, `0]}`),
		"short key-values":           numbered(begin+`"ExtensionList":[`, `{"Key":"%d","Seq":1},`, `{"Key":"a","Seq":1}]}`),
		"one key over and over":      fill(begin+`"ExtensionList":[`, `{"Key":"a","Seq":1},`, `{"Key":"a","Seq":1}]}`),
		"long values":                numbered(begin+`"ExtensionList":[`, `{"Key":"%d","Value":"`+strings.Repeat("v", 1024)+`","Seq":1},`, `{"Key":"a","Seq":1}]}`),
		"a value":                    fill(begin+`"ExtensionList":[{"Key":"a","Seq":1,"Value":"`, `v`, `"}]}`),
		"a value of escapes":         fill(begin+`"ExtensionList":[{"Key":"a","Seq":1,"Value":"`, `\n`, `"}]}`),
		"a value with an escape":     fill(begin+`"ExtensionList":[{"Key":"a","Seq":1,"Value":"`, `v`, `\u00e9"}]}`),
		"a value that is no Unicode": fill(begin+`"ExtensionList":[{"Key":"a","Seq":1,"Value":"`, "\xff", `"}]}`),
		"the same with an escape":    fill(begin+`"ExtensionList":[{"Key":"a","Seq":1,"Value":"\n`, "\xff", `"}]}`),
		"lone surrogates":            fill(begin+`"ExtensionList":[{"Key":"a","Seq":1,"Value":"`, `\ud83d`, `"}]}`),
		"values that are no Unicode": numbered(begin+`"ExtensionList":[`, `{"Key":"%d","Value":"`+strings.Repeat("\xff", 1024)+`","Seq":1},`, `{"Key":"a","Seq":1}]}`),
		"a key":                      fill(begin+`"ExtensionList":[{"Seq":1,"Key":"`, `k`, `"}]}`),
		"a group":                    fill(`{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","MsgSeq":1,"GroupId":"`, "g", `"}`),
		"a group that is no Unicode": fill(`{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","MsgSeq":1,"GroupId":"`, "\xff", `"}`),
		"a number":                   fill(`{"MsgSeq":1.`, "0", `1}`),
		"a number in a text":         fill(`{"MsgSeq":"1`, "0", `1"}`),
		"lists in lists":             fill(begin+`"X":`, "[", ""),
		"lists in a list":            fill(begin+`"X":[`, "[],", "0]}"),
		"objects in a list":          fill(begin+`"X":[`, "{},", "0]}"),
		"objects in objects":         fill(begin+`"X":`, `{"":`, ""),
		"many names":                 numbered(begin, `"%x":0,`, `"x":0}`),
		"many names with an escape":  numbered(begin, `"\n%x":0,`, `"x":0}`),
		"names that are no Unicode":  numbered(begin, "\"\xff%x\":0,", `"x":0}`),
		"a name over and over":       fill(begin, `"x":0,`, `"x":0}`),
		"an id over and over":        fill(begin, `"GroupId":"g",`, `"x":0}`),
		"objects of many names":      fill(begin+`"X":[`, `{`+numberedNames(40)+`},`, "0]}"),
		"objects of escaped names":   fill(begin+`"X":[`, `{"\n":0},`, "0]}"),
		"a long name":                fill(begin+`"`, "n", `":0}`),
		"a long name, no Unicode":    fill(begin+`"`, "\xff", `":0}`),
		"white space":                fill(begin, " ", `"x":0}`),
		"nothing but no Unicode":     fill("", "\xff", ""),
		"something after it":         fill(begin+`"x":0}`, "{}", ""),
	}
}

func numberedNames(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf(`"%d":0`, i)
	}
	return strings.Join(names, ",")
}
