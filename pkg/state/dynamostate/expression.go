package dynamostate

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"msgext/pkg/state"
)

// expression is a conditional update of one item. Attributes are written as #name, because many
// plain names are reserved words. Values are written as :name.
type expression struct {
	sets, removes, adds, deletes, conditions []string

	create  bool // also applies if the item does not exist, whatever the conditions
	returns bool // the updated item is returned
	values  item
}

// set sets an attribute.
func (e *expression) set(name string, value types.AttributeValue) {
	e.sets = append(e.sets, "#"+name+" = "+e.value(name, value))
}

// initial sets attributes that the item does not have.
func (e *expression) initial(value int64, names ...string) {
	for _, name := range names {
		e.sets = append(e.sets, "#"+name+" = if_not_exists(#"+name+", "+e.value("initial_"+name, number(value))+")")
	}
}

// raise sets an attribute to the greater of two numbers: value, and the stored one, which we assume
// to be have. The condition fails if the assumption leads to the wrong result.
func (e *expression) raise(name string, have, value int64) {
	if have < value {
		e.set(name, number(value))
		e.when("(attribute_not_exists(#" + name + ") OR #" + name + " <= :" + name + ")")
		return
	}
	e.initial(value, name)
	e.when("(attribute_not_exists(#" + name + ") OR #" + name + " >= :initial_" + name + ")")
}

// unchanged adds the condition that an attribute still is what it was, nil for absent.
func (e *expression) unchanged(name string, was types.AttributeValue) {
	if was == nil {
		e.when("attribute_not_exists(#" + name + ")")
		return
	}
	e.when("#" + name + " = " + e.value("was_"+name, was))
}

// readable adds the condition that no newer version of this package has written the item.
func (e *expression) readable() {
	e.when("(attribute_not_exists(#schema) OR #schema <= " + e.value("schema", number(state.Schema)) + ")")
}

// remove removes attributes.
func (e *expression) remove(names ...string) {
	for _, name := range names {
		e.removes = append(e.removes, "#"+name)
	}
}

// include adds versions to a set attribute.
func (e *expression) include(name string, set ...int64) {
	e.adds = append(e.adds, "#"+name+" "+e.value("include_"+name, versions(set...)))
}

// exclude removes versions from a set attribute.
func (e *expression) exclude(name string, set ...int64) {
	if len(set) > 0 {
		e.deletes = append(e.deletes, "#"+name+" "+e.value("exclude_"+name, versions(set...)))
	}
}

// when adds a condition; all must hold.
func (e *expression) when(condition string) { e.conditions = append(e.conditions, condition) }

// value adds a value and returns its placeholder.
func (e *expression) value(name string, value types.AttributeValue) string {
	if e.values == nil {
		e.values = make(item)
	}
	e.values[":"+name] = value
	return ":" + name
}

func (e *expression) update() *string {
	var clauses []string
	for _, clause := range []struct {
		verb  string
		parts []string
	}{{"SET ", e.sets}, {"REMOVE ", e.removes}, {"ADD ", e.adds}, {"DELETE ", e.deletes}} {
		if len(clause.parts) > 0 {
			clauses = append(clauses, clause.verb+strings.Join(clause.parts, ", "))
		}
	}
	return aws.String(strings.Join(clauses, " "))
}

func (e *expression) condition() *string {
	condition := strings.Join(e.conditions, " AND ")
	if e.create {
		condition = "attribute_not_exists(#pk) OR (" + condition + ")"
	}
	return aws.String(condition)
}

// write makes the update. If the condition fails, ok is false and now is the stored item, nil if
// there is none. Otherwise now is the updated item, if e.returns is set.
func (s *Store) write(ctx context.Context, key item, e *expression) (now item, ok bool, err error) {
	update, condition := e.update(), e.condition()
	returns := types.ReturnValueNone
	if e.returns {
		returns = types.ReturnValueAllNew
	}
	out, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                           s.table,
		Key:                                 key,
		UpdateExpression:                    update,
		ConditionExpression:                 condition,
		ExpressionAttributeNames:            names(*update, *condition),
		ExpressionAttributeValues:           e.values,
		ReturnValues:                        returns,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if refused := (*types.ConditionalCheckFailedException)(nil); errors.As(err, &refused) {
		return refused.Item, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return out.Attributes, true, nil
}

var placeholder = regexp.MustCompile(`#\w+`)

// names returns the names that the placeholders of expressions stand for: #name stands for name.
func names(expressions ...string) map[string]string {
	names := make(map[string]string)
	for _, expression := range expressions {
		for _, name := range placeholder.FindAllString(expression, -1) {
			names[name] = name[1:]
		}
	}
	return names
}
