package msgext

// text is a string field, integer a non-negative integer field. valid means that the field is
// present and has its type; a text must be Unicode too.
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

// readValue reads a string. It replaces text that is not Unicode as Chat's own read does.
func (p *parser) readValue(field *text) (problem string, err error) {
	if p.Kind() != '"' {
		return notString, p.Skip()
	}
	broken := p.Broken()
	field.value, err = p.MendedText()
	if p.Broken() > broken {
		p.fields.tolerated.addAt(p.item.index, "Value", notUnicode)
	}
	return "", err
}

func (p *parser) readText(field *text) (problem string, err error) {
	field.present = true
	if p.Kind() != '"' {
		return notString, p.Skip()
	}
	broken := p.Broken()
	field.value, err = p.Text()
	if p.Broken() > broken {
		return notUnicode, err
	}
	field.valid = true
	return "", err
}

func (p *parser) readInteger(field *integer) (problem string, err error) {
	field.present = true
	switch p.Kind() {
	case '0':
		raw, err := p.Number()
		if err != nil {
			return "", err
		}
		field.value, problem = integerOf(raw)
	case '"':
		digits, err := p.Text()
		if err != nil {
			return "", err
		}
		field.value, problem = integerOfText(digits)
	default:
		return notInteger, p.Skip()
	}
	field.valid = problem == ""
	return problem, nil
}
