package dynamostate

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"msgext/pkg/msgext"
)

// The sort keys of a message's items. A Query reads them in this order, see the package comment.
const (
	headItem  = "head"
	keyPrefix = "key#"
	readItem  = "read"
)

// item is an item, or some of its attributes.
type item = map[string]types.AttributeValue

// address is the primary key of one of a message's items.
func address(path, sortKey string) item {
	return item{"pk": text(partition(path)), "sk": text(sortKey)}
}

// partition returns a message's partition key: its path. A path that is longer than a partition key
// may be (2,048 bytes, Constraints.html) is replaced by its hash, after a character that occurs in
// no path.
func partition(path string) string {
	if len(path) <= 2048 {
		return path
	}
	return "#" + hash(path)
}

// keyItem is the sort key of a key's item.
func keyItem(key string) string { return keyPrefix + hash(key) }

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func boolean(b bool) types.AttributeValue { return &types.AttributeValueMemberBOOL{Value: b} }

func versions(set ...int64) types.AttributeValue {
	numbers := make([]string, len(set))
	for i, version := range set {
		numbers[i] = strconv.FormatInt(version, 10)
	}
	return &types.AttributeValueMemberNS{Value: numbers}
}

// decoder reads the attributes of an item. Absent attributes are zero. An attribute in a form that
// this package does not write sets err.
type decoder struct {
	item item
	err  error
}

func (d *decoder) number(name string) int64 {
	attribute, ok := d.item[name]
	if !ok {
		return 0
	}
	n, ok := attribute.(*types.AttributeValueMemberN)
	if !ok {
		d.fail(name)
		return 0
	}
	return d.parse(name, n.Value)
}

func (d *decoder) versions(name string) []int64 {
	attribute, ok := d.item[name]
	if !ok {
		return nil
	}
	set, ok := attribute.(*types.AttributeValueMemberNS)
	if !ok {
		d.fail(name)
		return nil
	}
	numbers := make([]int64, len(set.Value))
	for i, n := range set.Value {
		numbers[i] = d.parse(name, n)
	}
	return numbers
}

func (d *decoder) boolean(name string) bool {
	attribute, ok := d.item[name]
	if !ok {
		return false
	}
	b, ok := attribute.(*types.AttributeValueMemberBOOL)
	if !ok {
		d.fail(name)
		return false
	}
	return b.Value
}

func (d *decoder) text(name string) string {
	s, ok := d.item[name].(*types.AttributeValueMemberS)
	if !ok {
		d.fail(name)
		return ""
	}
	return s.Value
}

func (d *decoder) binary(name string) []byte {
	b, ok := d.item[name].(*types.AttributeValueMemberB)
	if !ok {
		d.fail(name)
		return nil
	}
	return b.Value
}

func (d *decoder) parse(name, text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		d.fail(name)
	}
	return n
}

func (d *decoder) fail(name string) {
	d.err = fmt.Errorf("an item whose attribute %q is not what this package writes", name)
}

// entry reads a key's item.
func (d *decoder) entry() (key string, entry msgext.Entry) {
	return d.text("key"), msgext.Entry{Seq: d.number("seq"), Deleted: d.number("deleted") != 0, Value: d.text("value")}
}
