package dynamotest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

type item = map[string]types.AttributeValue

// index holds the entries of each partition in their order. A move takes effect once it is lag old.
type index struct {
	lag time.Duration
	now func() time.Time

	mu         sync.Mutex
	moves      []move // the oldest first
	places     map[string]place
	partitions map[int64][]place
}

// place is the position of a head in the index.
type place struct {
	partition, due int64
	pk             string
}

func (p place) compare(other place) int {
	return cmp.Or(cmp.Compare(p.due, other.due), strings.Compare(p.pk, other.pk))
}

// move is the move of a head to a new place, or out of the index.
type move struct {
	at time.Time
	to place
	in bool
}

// move notes that a head has become the item now, nil if it was deleted.
func (x *index) move(key, now item) {
	m := move{to: place{pk: text(key["pk"]), partition: integer(now["shard"]), due: integer(now["due"])}}
	_, shard := now["shard"]
	_, due := now["due"]
	m.in = shard && due
	x.mu.Lock()
	defer x.mu.Unlock()
	m.at = x.now()
	x.moves = append(x.moves, m)
}

// catchUp applies the moves that are old enough.
func (x *index) catchUp() {
	made := 0
	for made < len(x.moves) && x.now().Sub(x.moves[made].at) >= x.lag {
		x.make(x.moves[made])
		made++
	}
	x.moves = slices.Delete(x.moves, 0, made)
}

func (x *index) make(m move) {
	if x.places == nil {
		x.places, x.partitions = make(map[string]place), make(map[int64][]place)
	}
	if from, ok := x.places[m.to.pk]; ok {
		all := x.partitions[from.partition]
		at, _ := slices.BinarySearchFunc(all, from, place.compare)
		x.partitions[from.partition] = slices.Delete(all, at, at+1)
		delete(x.places, m.to.pk)
	}
	if m.in {
		all := x.partitions[m.to.partition]
		at, _ := slices.BinarySearchFunc(all, m.to, place.compare)
		x.partitions[m.to.partition] = slices.Insert(all, at, m.to)
		x.places[m.to.pk] = m.to
	}
}

// query answers a query of one partition.
func (x *index) query(input *dynamodb.QueryInput) *dynamodb.QueryOutput {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.catchUp()
	partition := integer(input.ExpressionAttributeValues[":shard"])
	found := x.partitions[partition]
	if from := input.ExclusiveStartKey; len(from) > 0 {
		at, there := slices.BinarySearchFunc(found, place{due: integer(from["due"]), pk: text(from["pk"])}, place.compare)
		if there {
			at++
		}
		found = found[at:]
	}
	if before, ok := input.ExpressionAttributeValues[":before"]; ok {
		end, _ := slices.BinarySearchFunc(found, place{due: integer(before) + 1}, place.compare)
		found = found[:end]
	}
	out := new(dynamodb.QueryOutput)
	// The service returns a key even if nothing follows.
	if limit := input.Limit; limit != nil && int(*limit) <= len(found) {
		found = found[:*limit]
		out.LastEvaluatedKey = found[*limit-1].item()
	}
	out.Count = int32(len(found))
	if input.Select != types.SelectCount {
		for _, p := range found {
			out.Items = append(out.Items, p.item())
		}
	}
	return out
}

func (p place) item() item {
	return item{
		"pk": &types.AttributeValueMemberS{Value: p.pk}, "sk": &types.AttributeValueMemberS{Value: "head"},
		"shard": number(p.partition), "due": number(p.due),
	}
}

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func integer(value types.AttributeValue) int64 {
	n, _ := value.(*types.AttributeValueMemberN)
	if n == nil {
		return 0
	}
	i, _ := strconv.ParseInt(n.Value, 10, 64)
	return i
}

func text(value types.AttributeValue) string {
	s, _ := value.(*types.AttributeValueMemberS)
	if s == nil {
		return ""
	}
	return s.Value
}
