package jsonwalk

import (
	"hash/maphash"
	"slices"
	"unicode/utf8"
)

// contains reports whether a name is one of names.
func (w *Walker) contains(names [][]byte, name []byte) bool {
	for _, other := range names {
		if string(other) == string(name) {
			return true
		}
	}
	return w.broken > 0 && slices.ContainsFunc(names, func(other []byte) bool { return equalMended(other, name) })
}

// equalMended reports whether two texts are equal once U+FFFD stands in place of each byte that is
// not UTF-8.
func equalMended(a, b []byte) bool {
	for len(a) > 0 && len(b) > 0 {
		charA, lengthA := utf8.DecodeRune(a)
		charB, lengthB := utf8.DecodeRune(b)
		if charA != charB {
			return false
		}
		a, b = a[lengthA:], b[lengthB:]
	}
	return len(a) == len(b)
}

// crowd holds the names of an object that has very many. It keeps only their hashes, so that a body
// full of names uses little memory. Among a million names two are confused in one body of 30
// million. A sender cannot choose them, because every crowd has a new random seed.
type crowd struct {
	seed maphash.Seed
	seen map[uint64]struct{}
}

// add adds a name and reports whether it was there before.
func (c *crowd) add(name []byte) bool {
	if c.seen == nil {
		c.seed, c.seen = maphash.MakeSeed(), map[uint64]struct{}{}
	}
	hash := c.hash(name)
	_, ok := c.seen[hash]
	c.seen[hash] = struct{}{}
	return ok
}

func (c *crowd) hash(name []byte) uint64 {
	if utf8.Valid(name) {
		return maphash.Bytes(c.seed, name)
	}
	var hash maphash.Hash
	hash.SetSeed(c.seed)
	var room [utf8.UTFMax]byte
	for len(name) > 0 {
		char, length := utf8.DecodeRune(name)
		_, _ = hash.Write(utf8.AppendRune(room[:0], char))
		name = name[length:]
	}
	return hash.Sum64()
}
