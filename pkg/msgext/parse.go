package msgext

import (
	"errors"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"msgext/internal/jsonwalk"
)

// maxDepth is how deep a body may nest, unknown fields included.
const maxDepth = 64

// fields are a body's known fields, in whatever order they came.
type fields struct {
	command, groupID, from, to, msgKey text
	msgSeq, operateType, seq           integer
	eventTime                          integer
	list                               struct {
		valid  bool // absent, null or a list
		length int
	}
	keyValues []KeyValue
	tolerated FormatError
	broken    bool // true if some text in the body is not Unicode
}

// parse reads the body of command in one pass. Its error says that the body is not JSON, or breaks
// our rules for JSON. The faults are fields of a wrong type.
func parse(command string, body []byte) (fields, FormatError, error) {
	p := parser{Walker: jsonwalk.New(body, maxDepth), command: command}
	p.fields.list.valid = true
	if err := p.body(); err != nil {
		return fields{}, FormatError{}, syntaxError(err, p.Offset(), len(body))
	}
	if p.End() != nil {
		return fields{}, FormatError{}, &FormatError{Fields: []FieldError{{"body", "something follows the object"}}}
	}
	p.fields.broken = p.Broken() > 0
	return p.fields, p.faults, nil
}

// syntaxError returns the fault that ended parsing.
func syntaxError(err error, offset, size int) error {
	problem := "not valid JSON"
	switch {
	case errors.Is(err, errNotObject):
		return &FormatError{Fields: []FieldError{{"body", "not a JSON object"}}}
	case errors.Is(err, jsonwalk.ErrDepth):
		problem = "nested deeper than " + strconv.Itoa(maxDepth)
	case errors.Is(err, jsontext.ErrDuplicateName):
		problem = "a name occurs twice in one object"
	case errors.Is(err, io.ErrUnexpectedEOF):
		problem, offset = "ends early", size
	}
	return &FormatError{Fields: []FieldError{{"body", problem + ", at byte " + strconv.Itoa(offset)}}}
}

var errNotObject = errors.New("not an object")

// parser gathers the fields of one body and every fault among them.
type parser struct {
	jsonwalk.Walker
	command string
	faults  FormatError
	fields  fields
	item    item // the key-value being read
}

const (
	notString  = "not a string"
	notUnicode = "not Unicode text"
)

// item is one element of ExtensionList.
type item struct {
	index      int
	key, value text
	seq        integer
}

func (p *parser) body() error {
	if p.Kind() == '{' {
		return p.Object(p.member)
	}
	if err := p.Skip(); err != nil {
		return err
	}
	return errNotObject
}

func (p *parser) member(name []byte) error {
	switch string(name) {
	case "CallbackCommand":
		return p.text(&p.fields.command, "CallbackCommand")
	case "OperateType":
		return p.integer(&p.fields.operateType, "OperateType")
	case "Seq":
		return p.integer(&p.fields.seq, "Seq")
	case "EventTime":
		return p.eventTime()
	case "ExtensionList":
		return p.list()
	}
	if p.command == GroupCommand {
		return p.groupID(name)
	}
	return p.c2cID(name)
}

func (p *parser) groupID(name []byte) error {
	switch string(name) {
	case "GroupId":
		return p.text(&p.fields.groupID, "GroupId")
	case "MsgSeq":
		return p.integer(&p.fields.msgSeq, "MsgSeq")
	}
	return p.Skip()
}

func (p *parser) c2cID(name []byte) error {
	switch string(name) {
	case "From_Account":
		return p.text(&p.fields.from, "From_Account")
	case "To_Account":
		return p.text(&p.fields.to, "To_Account")
	case "MsgKey":
		return p.text(&p.fields.msgKey, "MsgKey")
	}
	return p.Skip()
}

// eventTime reads EventTime. No state depends on it, so one that cannot be read counts as absent.
func (p *parser) eventTime() error {
	if p.Kind() == 'n' {
		return p.Skip()
	}
	problem, err := p.readInteger(&p.fields.eventTime)
	if problem != "" {
		p.fields.tolerated.add("EventTime", problem)
	}
	return err
}

func (p *parser) list() error {
	switch p.Kind() {
	case 'n':
		return p.Skip()
	case '[':
	default:
		p.fields.list.valid = false
		p.faults.add("ExtensionList", "not a list")
		return p.Skip()
	}
	return p.List(func(index int) error {
		p.fields.list.length++
		if index >= maxEventKeyValues {
			return p.Skip()
		}
		return p.keyValue(index)
	})
}

func (p *parser) keyValue(index int) error {
	if p.Kind() != '{' {
		p.faults.addAt(index, "", "not an object")
		return p.Skip()
	}
	p.item = item{index: index}
	if err := p.Object(p.itemMember); err != nil {
		return err
	}
	kv := &p.item
	switch {
	case !kv.key.present:
		p.faults.addAt(index, "Key", "missing")
	case kv.key.valid && kv.key.value == "":
		p.faults.addAt(index, "Key", "empty")
	}
	if !kv.seq.present {
		p.faults.addAt(index, "Seq", "missing")
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
		if problem, err = p.readText(&p.item.key); problem != "" {
			p.item.key.value = "" // so that it is not compared with other keys
		}
	case "Value":
		if p.Kind() == 'n' {
			return p.Skip()
		}
		problem, err = p.readValue(&p.item.value)
	case "Seq":
		problem, err = p.readInteger(&p.item.seq)
	default:
		return p.Skip()
	}
	if problem != "" {
		p.faults.addAt(p.item.index, string(name), problem)
	}
	return err
}
