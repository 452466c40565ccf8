package msgext

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth bounds how deep a body may nest, unknown fields included.
const maxDepth = 64

// fields is a body's known fields as they stand, in whatever order they came.
type fields struct {
	command, groupID, from, to, msgKey text
	msgSeq, operateType, seq           integer
	eventTime                          integer
	list                               struct {
		valid  bool // absent, null or a list
		length int
	}
	keyValues []KeyValue
}

// text is a string field, integer a non-negative one; valid means present and of its type.
type (
	text struct {
		present, valid bool
		value          string
	}
	integer struct {
		present, valid bool
		value          int64
	}
)

func (f text) required(path string, faults *FormatError) string {
	switch {
	case !f.present:
		faults.add(path, "missing")
	case f.valid && f.value == "":
		faults.add(path, "empty")
	}
	return f.value
}

func (f integer) required(path string, faults *FormatError) int64 {
	if !f.present {
		faults.add(path, "missing")
	}
	return f.value
}

// parse reads body in one pass. What is no JSON, or not by our rules, is its error; fields
// of another type go to faults.
func parse(body []byte, faults *FormatError) (*fields, error) {
	p := parser{dec: jsontext.NewDecoder(bytes.NewBuffer(body)), faults: faults}
	p.fields.list.valid = true
	if p.dec.PeekKind() != '{' {
		if err := p.skip(); err != nil {
			return nil, p.syntax(err)
		}
		faults.add("body", "not a JSON object")
		return nil, faults
	}
	if err := p.object(p.member); err != nil {
		return nil, p.syntax(err)
	}
	if _, err := p.dec.ReadToken(); err != io.EOF {
		faults.add("body", "something follows the object")
		return nil, faults
	}
	return &p.fields, nil
}

type parser struct {
	dec    *jsontext.Decoder
	faults *FormatError
	fields fields
	name   []byte // scratch for names with escapes
}

var errDepth = errors.New("nested too deep")

// syntax makes the one fault that ends parsing. The decoder's own text is left out,
// because it quotes the body.
func (p *parser) syntax(err error) error {
	problem := "not valid JSON"
	switch {
	case errors.Is(err, errDepth):
		problem = "nested deeper than " + strconv.Itoa(maxDepth)
	case errors.Is(err, jsontext.ErrDuplicateName):
		problem = "a name occurs twice in one object"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		problem = "ends early"
	}
	return &FormatError{Fields: []FieldError{{"body", problem + ", at byte " + strconv.FormatInt(p.dec.InputOffset(), 10)}}}
}

// object reads one object and hands each member's name to member, which must read its value.
func (p *parser) object(member func(name []byte) error) error {
	if _, err := p.dec.ReadToken(); err != nil {
		return err
	}
	for p.dec.PeekKind() != '}' {
		raw, err := p.dec.ReadValue()
		if err != nil {
			return err
		}
		name := raw[1 : len(raw)-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			if p.name, err = jsontext.AppendUnquote(p.name[:0], raw); err != nil {
				return err
			}
			name = p.name
		}
		if err := member(name); err != nil {
			return err
		}
	}
	_, err := p.dec.ReadToken()
	return err
}

func (p *parser) member(name []byte) error {
	switch string(name) {
	case "CallbackCommand":
		return p.text(&p.fields.command, "CallbackCommand")
	case "GroupId":
		return p.text(&p.fields.groupID, "GroupId")
	case "MsgSeq":
		return p.integer(&p.fields.msgSeq, "MsgSeq")
	case "From_Account":
		return p.text(&p.fields.from, "From_Account")
	case "To_Account":
		return p.text(&p.fields.to, "To_Account")
	case "MsgKey":
		return p.text(&p.fields.msgKey, "MsgKey")
	case "OperateType":
		return p.integer(&p.fields.operateType, "OperateType")
	case "Seq":
		return p.integer(&p.fields.seq, "Seq")
	case "EventTime":
		if p.dec.PeekKind() == 'n' {
			return p.skip()
		}
		return p.integer(&p.fields.eventTime, "EventTime")
	case "ExtensionList":
		return p.list()
	}
	return p.skip()
}

func (p *parser) list() error {
	switch p.dec.PeekKind() {
	case 'n':
		return p.skip()
	case '[':
	default:
		p.fields.list.valid = false
		p.faults.add("ExtensionList", "not a list")
		return p.skip()
	}
	if _, err := p.dec.ReadToken(); err != nil {
		return err
	}
	for p.dec.PeekKind() != ']' {
		if err := p.keyValue(p.fields.list.length); err != nil {
			return err
		}
		p.fields.list.length++
	}
	_, err := p.dec.ReadToken()
	return err
}

func (p *parser) keyValue(index int) error {
	if p.dec.PeekKind() != '{' {
		p.faults.add(listPath(index, ""), "not an object")
		return p.skip()
	}
	var key, value text
	var seq integer
	err := p.object(func(name []byte) error {
		switch string(name) {
		case "Key":
			return p.listText(&key, index, "Key")
		case "Value":
			if p.dec.PeekKind() == 'n' {
				return p.skip()
			}
			return p.listText(&value, index, "Value")
		case "Seq":
			return p.listInteger(&seq, index)
		}
		return p.skip()
	})
	if err != nil {
		return err
	}
	switch {
	case !key.present:
		p.faults.add(listPath(index, "Key"), "missing")
	case key.valid && key.value == "":
		p.faults.add(listPath(index, "Key"), "empty")
	}
	if !seq.present {
		p.faults.add(listPath(index, "Seq"), "missing")
	}
	p.fields.keyValues = append(p.fields.keyValues, KeyValue{Key: key.value, Value: value.value, Seq: seq.value})
	return nil
}

// text reads a string; anything else is skipped and reported under path.
func (p *parser) text(field *text, path string) error {
	problem, err := p.readText(field)
	if problem != "" {
		p.faults.add(path, problem)
	}
	return err
}

// listText is text for a field of the list, whose path is only made when it is needed.
func (p *parser) listText(field *text, index int, name string) error {
	problem, err := p.readText(field)
	if problem != "" {
		p.faults.add(listPath(index, name), problem)
	}
	return err
}

func (p *parser) integer(field *integer, path string) error {
	problem, err := p.readInteger(field)
	if problem != "" {
		p.faults.add(path, problem)
	}
	return err
}

func (p *parser) listInteger(field *integer, index int) error {
	problem, err := p.readInteger(field)
	if problem != "" {
		p.faults.add(listPath(index, "Seq"), problem)
	}
	return err
}

func (p *parser) readText(field *text) (problem string, err error) {
	field.present = true
	if p.dec.PeekKind() != '"' {
		return "not a string", p.skip()
	}
	raw, err := p.dec.ReadValue()
	if err != nil {
		return "", err
	}
	field.valid = true
	if content := raw[1 : len(raw)-1]; bytes.IndexByte(content, '\\') < 0 {
		field.value = string(content)
		return "", nil
	}
	unquoted, err := jsontext.AppendUnquote(nil, raw)
	field.value = string(unquoted)
	return "", err
}

func (p *parser) readInteger(field *integer) (problem string, err error) {
	field.present = true
	if p.dec.PeekKind() != '0' {
		return "not an integer", p.skip()
	}
	raw, err := p.dec.ReadValue()
	if err != nil {
		return "", err
	}
	value, err := strconv.ParseInt(string(raw), 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange) && !strings.HasPrefix(string(raw), "-"):
		return "greater than 9223372036854775807", nil
	case err != nil && !errors.Is(err, strconv.ErrRange):
		return "not an integer", nil
	case raw[0] == '-':
		return "negative", nil
	}
	field.valid, field.value = true, value
	return "", nil
}

// skip reads past one value of any kind, without recursion.
func (p *parser) skip() error {
	depth := p.dec.StackDepth()
	for {
		if _, err := p.dec.ReadToken(); err != nil {
			return err
		}
		if p.dec.StackDepth() > maxDepth {
			return errDepth
		}
		if p.dec.StackDepth() == depth {
			return nil
		}
	}
}
