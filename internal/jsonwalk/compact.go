package jsonwalk

// AppendCompact appends the one value of data to b, without white space between its tokens. The
// rules of a Walker apply.
func AppendCompact(b, data []byte, maxDepth int) ([]byte, error) {
	w := New(data, maxDepth)
	if err := w.Skip(); err != nil {
		return b, err
	}
	if err := w.End(); err != nil {
		return b, err
	}
	w = New(data, maxDepth)
	for {
		switch c := w.peek(); c {
		case 0:
			return b, nil
		case '"':
			raw, _, err := w.quoted()
			if err != nil {
				return b, err // cannot happen, because Skip has read the string
			}
			b = append(b, raw...)
			w.at += len(raw)
		default:
			b = append(b, c)
			w.at++
		}
	}
}
