package msgext

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
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
	p := parser{source: string(body), faults: faults}
	p.fields.list.valid = true
	if err := json.Unmarshal(body, &p); err != nil {
		return nil, p.syntax(err)
	}
	return &p.fields, nil
}

// parser reads a body. It is handed to json.Unmarshal for the sake of the decoders that
// the library keeps warm, and walks the tokens itself to gather every fault.
type parser struct {
	dec    *jsontext.Decoder
	source string // the body once more: texts without escapes are parts of it, not copies
	offset int64  // how far the decoder came, once it failed
	read   bool   // whether the object was read to its end
	faults *FormatError
	fields fields
	item   item   // the key-value being read
	name   []byte // scratch for names with escapes
}

// item is one element of ExtensionList.
type item struct {
	index      int
	key, value text
	seq        integer
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (p *parser) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	p.dec = dec
	defer func() { p.dec, p.offset = nil, dec.InputOffset() }()
	if dec.PeekKind() != '{' {
		if err := p.skip(); err != nil {
			return err
		}
		return errNotObject
	}
	err := p.object((*parser).member)
	p.read = err == nil
	return err
}

var (
	errNotObject = errors.New("not an object")
	errDepth     = errors.New("nested too deep")
)

// syntax makes the one fault that ends parsing. The decoder's own text is left out,
// because it quotes the body.
func (p *parser) syntax(err error) error {
	problem := "not valid JSON"
	switch {
	case p.read:
		return &FormatError{Fields: []FieldError{{"body", "something follows the object"}}}
	case errors.Is(err, errNotObject):
		return &FormatError{Fields: []FieldError{{"body", "not a JSON object"}}}
	case errors.Is(err, errDepth):
		problem = "nested deeper than " + strconv.Itoa(maxDepth)
	case errors.Is(err, jsontext.ErrDuplicateName):
		problem = "a name occurs twice in one object"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		problem, p.offset = "ends early", int64(len(p.source))
	}
	return &FormatError{Fields: []FieldError{{"body", problem + ", at byte " + strconv.FormatInt(p.offset, 10)}}}
}

// object reads one object and hands each member's name to member, which must read its value.
func (p *parser) object(member func(p *parser, name []byte) error) error {
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
		if err := member(p, name); err != nil {
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
	p.item = item{index: index}
	if err := p.object((*parser).itemMember); err != nil {
		return err
	}
	kv := &p.item
	switch {
	case !kv.key.present:
		p.faults.add(listPath(index, "Key"), "missing")
	case kv.key.valid && kv.key.value == "":
		p.faults.add(listPath(index, "Key"), "empty")
	}
	if !kv.seq.present {
		p.faults.add(listPath(index, "Seq"), "missing")
	}
	if p.fields.keyValues == nil {
		p.fields.keyValues = make([]KeyValue, 0, 4)
	}
	p.fields.keyValues = append(p.fields.keyValues, KeyValue{Key: kv.key.value, Value: kv.value.value, Seq: kv.seq.value})
	return nil
}

func (p *parser) itemMember(name []byte) error {
	var problem string
	var err error
	switch string(name) {
	case "Key":
		problem, err = p.readText(&p.item.key)
	case "Value":
		if p.dec.PeekKind() == 'n' {
			return p.skip()
		}
		problem, err = p.readText(&p.item.value)
	case "Seq":
		problem, err = p.readInteger(&p.item.seq)
	default:
		return p.skip()
	}
	if problem != "" {
		p.faults.add(listPath(p.item.index, string(name)), problem)
	}
	return err
}

// text reads a string; anything else is skipped and reported under path.
func (p *parser) text(field *text, path string) error {
	problem, err := p.readText(field)
	if problem != "" {
		p.faults.add(path, problem)
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
	if bytes.IndexByte(raw, '\\') < 0 {
		end := int(p.dec.InputOffset()) - 1
		field.value = p.source[end-(len(raw)-2) : end]
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
