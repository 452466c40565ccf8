package aws_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A cloudWatch keeps measurements as CloudWatch does: by namespace, name and dimensions.
type cloudWatch map[string][]sample

type sample struct {
	at    time.Time
	value float64
}

type dimension struct{ Name, Value string }

func series(namespace, name string, dimensions []dimension) string {
	dimensions = slices.SortedFunc(slices.Values(dimensions), func(a, b dimension) int { return cmp.Compare(a.Name, b.Name) })
	return fmt.Sprint(namespace, "/", name, dimensions)
}

func (c cloudWatch) put(at time.Time, value float64, namespace, name string, dimensions ...dimension) {
	key := series(namespace, name, dimensions)
	c[key] = append(c[key], sample{at, value})
}

// read takes the metrics from log lines in the embedded metric format.
func (c cloudWatch) read(t *testing.T, lines string) {
	t.Helper()
	for text := range strings.Lines(lines) {
		var line map[string]any
		var embedded struct {
			AWS struct {
				Timestamp         int64
				CloudWatchMetrics []struct {
					Namespace  string
					Dimensions [][]string
					Metrics    []struct{ Name string }
				}
			} `json:"_aws"`
		}
		require.NoError(t, json.Unmarshal([]byte(text), &line))
		require.NoError(t, json.Unmarshal([]byte(text), &embedded))
		for _, directive := range embedded.AWS.CloudWatchMetrics {
			for _, set := range directive.Dimensions {
				var dimensions []dimension
				for _, name := range set {
					dimensions = append(dimensions, dimension{name, line[name].(string)})
				}
				for _, m := range directive.Metrics {
					c.put(time.UnixMilli(embedded.AWS.Timestamp), line[m.Name].(float64), directive.Namespace, m.Name, dimensions...)
				}
			}
		}
	}
}

// point returns the data point of a period that ends at a moment, and whether there is one.
func (c cloudWatch) point(key, stat string, period time.Duration, end time.Time) (float64, bool) {
	var values []float64
	for _, s := range c[key] {
		if !s.at.Before(end.Add(-period)) && s.at.Before(end) {
			values = append(values, s.value)
		}
	}
	if len(values) == 0 {
		return 0, false
	}
	slices.Sort(values)
	switch stat {
	case "Sum":
		sum := 0.0
		for _, value := range values {
			sum += value
		}
		return sum, true
	case "Maximum":
		return values[len(values)-1], true
	case "SampleCount":
		return float64(len(values)), true
	case "p99":
		return values[(len(values)*99+99)/100-1], true
	}
	panic("no such statistic: " + stat)
}

// alarm is an alarm of the template.
type alarm struct {
	Namespace, MetricName, Statistic, ExtendedStatistic string
	Dimensions                                          []dimension
	Period, EvaluationPeriods, DatapointsToAlarm        int
	Threshold                                           float64
	ComparisonOperator, TreatMissingData                string
	Metrics                                             []struct {
		Id, Expression string
		MetricStat     struct {
			Metric struct {
				Namespace, MetricName string
				Dimensions            []dimension
			}
			Stat   string
			Period int
		}
	}
}

func (a alarm) period() time.Duration {
	seconds := a.Period
	for _, m := range a.Metrics {
		seconds = max(seconds, m.MetricStat.Period)
	}
	return time.Duration(seconds) * time.Second
}

// value returns the alarm's data point of the period that ends at a moment. alive has the metrics
// that have a point among those that are examined.
func (a alarm) value(c cloudWatch, end time.Time, alive map[string]bool) (float64, bool) {
	if len(a.Metrics) == 0 {
		return c.point(series(a.Namespace, a.MetricName, a.Dimensions), a.Statistic+a.ExtendedStatistic, a.period(), end)
	}
	values := make(map[string]float64)
	expression := ""
	for _, m := range a.Metrics {
		if m.Expression != "" {
			expression = m.Expression
			continue
		}
		s := m.MetricStat
		if value, found := c.point(series(s.Metric.Namespace, s.Metric.MetricName, s.Metric.Dimensions), s.Stat, a.period(), end); found {
			values[m.Id], alive[m.Id] = value, true
		}
	}
	parsed, err := parser.ParseExpr(expression)
	if err != nil {
		panic(err)
	}
	return calculate(parsed, values, alive)
}

// calculate evaluates metric math ("Using metric math", Amazon CloudWatch User Guide). An
// expression has no value where one of its metrics has none, or where it divides by zero. FILL has
// another value in the place of a missing one. It is not documented whether it has one where a
// metric has no point at all; here it has none.
func calculate(expression ast.Expr, values map[string]float64, alive map[string]bool) (float64, bool) {
	switch e := expression.(type) {
	case *ast.BasicLit:
		value, err := strconv.ParseFloat(e.Value, 64)
		return value, err == nil
	case *ast.Ident:
		value, found := values[e.Name]
		return value, found
	case *ast.CallExpr:
		function, named := e.Fun.(*ast.Ident)
		if !named || function.Name != "FILL" || len(e.Args) != 2 {
			break
		}
		filled, isMetric := e.Args[0].(*ast.Ident)
		if !isMetric {
			break
		}
		if value, found := values[filled.Name]; found || !alive[filled.Name] {
			return value, found
		}
		return calculate(e.Args[1], values, alive)
	case *ast.BinaryExpr:
		x, hasX := calculate(e.X, values, alive)
		y, hasY := calculate(e.Y, values, alive)
		if !hasX || !hasY || e.Op == token.QUO && y == 0 {
			return 0, false
		}
		switch e.Op {
		case token.ADD:
			return x + y, true
		case token.MUL:
			return x * y, true
		case token.QUO:
			return x / y, true
		}
	}
	panic(fmt.Sprintf("metric math that the tests do not know: %T", expression))
}

func (a alarm) breaches(value float64) bool {
	switch a.ComparisonOperator {
	case "GreaterThanThreshold":
		return value > a.Threshold
	case "GreaterThanOrEqualToThreshold":
		return value >= a.Threshold
	case "LessThanThreshold":
		return value < a.Threshold
	}
	panic("no such operator: " + a.ComparisonOperator)
}

// The states of an alarm in CloudWatch.
const (
	isOK    = "OK"
	isAlarm = "ALARM"
)

// next returns the state of an alarm after data points, the oldest first; nil stands for a missing
// one. The rules are those of "Configuring how CloudWatch alarms treat missing data", Amazon
// CloudWatch User Guide (docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
// alarms-and-missing-data.html, read 2026-11-26): CloudWatch retrieves more points than the alarm
// evaluates. Where there are enough real points, the newest of them count, and missing ones are not
// needed. Where they are too few, all of them count, and as many missing ones as are needed are
// treated as configured.
//
// The document gives ignore by examples alone. In them the state is retained where there is no real
// point, or where every real point breaches and they are too few for an alarm. One that does not
// breach makes it OK.
func (a alarm) next(state string, points []*float64) string {
	toAlarm := cmp.Or(a.DatapointsToAlarm, a.EvaluationPeriods)
	var breaching []bool
	for _, point := range points {
		if point != nil {
			breaching = append(breaching, a.breaches(*point))
		}
	}
	missing := max(0, a.EvaluationPeriods-len(breaching))
	if missing == 0 {
		breaching = breaching[len(breaching)-a.EvaluationPeriods:]
	}
	count := 0
	for _, is := range breaching {
		if is {
			count++
		}
	}
	switch {
	case missing == 0 || a.TreatMissingData == "notBreaching":
	case a.TreatMissingData == "breaching":
		count += missing
	case a.TreatMissingData == "ignore":
		if count == len(breaching) && count < toAlarm {
			return state
		}
	default:
		panic("not treated: " + a.TreatMissingData)
	}
	if count >= toAlarm {
		return isAlarm
	}
	return isOK
}

// extras returns how many more periods than the alarm evaluates CloudWatch may examine. The
// document says that there are some, and its examples have 2 of five minutes. With periods of a
// minute, and alarms of one and of two of them, points of up to six minutes ago were seen to count,
// and older ones not (github.com/infrahouse/terraform-aws-lambda-monitored, its page on monitoring,
// measured in September 2026). An alarm must do with any of these.
func (a alarm) extras() []int {
	if a.period() == time.Minute {
		return []int{0, 2, 5}
	}
	return []int{0, 2}
}

// evaluate returns the state of an alarm at a full minute, with so many extra periods.
func (a alarm) evaluate(c cloudWatch, state string, at time.Time, extra int) string {
	end := at.Truncate(a.period())
	alive := make(map[string]bool)
	for n := range a.EvaluationPeriods + extra {
		a.value(c, end.Add(-time.Duration(n)*a.period()), alive)
	}
	var points []*float64
	for n := a.EvaluationPeriods + extra - 1; n >= 0; n-- {
		if value, found := a.value(c, end.Add(-time.Duration(n)*a.period()), alive); found {
			points = append(points, &value)
		} else {
			points = append(points, nil)
		}
	}
	return a.next(state, points)
}

// alarms returns the alarms of the template, by name.
func alarms(t *testing.T) map[string]alarm {
	t.Helper()
	all := make(map[string]alarm)
	for name, resource := range read(t).Resources {
		if resource.Type == "AWS::CloudWatch::Alarm" {
			all[name] = properties[alarm](t, resource)
		}
	}
	return all
}

// The examples of the document: three periods, five points examined. X breaches, 0 does not, - is
// missing.
func TestAlarm_TreatsMissingDataAsDocumented(t *testing.T) {
	for _, test := range []struct {
		points                    string
		toAlarm                   int
		ignore, breaching, notBad string // the states; "" for the state it was in before
	}{
		{"0-X-X", 3, isOK, isOK, isOK},
		{"0----", 3, isOK, isOK, isOK},
		{"-----", 3, "", isAlarm, isOK},
		{"0XX-X", 3, isAlarm, isAlarm, isAlarm},
		{"--X--", 3, "", isAlarm, isOK},
		{"0-X-X", 2, isAlarm, isAlarm, isAlarm},
		{"00X0X", 2, isAlarm, isAlarm, isAlarm},
		{"0-X--", 2, isOK, isAlarm, isOK},
		{"----0", 2, isOK, isAlarm, isOK},
		{"---X-", 2, "", isAlarm, isOK},
	} {
		var points []*float64
		for _, point := range test.points {
			value := map[rune]*float64{'0': new(float64), 'X': new(float64)}[point]
			if point == 'X' {
				*value = 1
			}
			points = append(points, value)
		}
		for treat, want := range map[string]string{"ignore": test.ignore, "breaching": test.breaching, "notBreaching": test.notBad} {
			for _, before := range []string{isOK, isAlarm} {
				a := alarm{
					EvaluationPeriods: 3, DatapointsToAlarm: test.toAlarm, Threshold: 1,
					ComparisonOperator: "GreaterThanOrEqualToThreshold", TreatMissingData: treat,
				}
				assert.Equal(t, cmp.Or(want, before), a.next(before, points), "%s, %d, %s", test.points, test.toAlarm, treat)
			}
		}
	}
}

// Each alarm uses metrics of one function. Where two metrics are compared they have the same
// period.
func TestAlarms_AreOfOneFunctionAndPeriod(t *testing.T) {
	for name, a := range alarms(t) {
		var functions, periods []string
		note := func(dimensions []dimension, period int) {
			for _, d := range dimensions {
				if strings.EqualFold(d.Name, "function") || d.Name == "FunctionName" {
					functions = append(functions, d.Value)
				}
			}
			periods = append(periods, strconv.Itoa(period))
		}
		if len(a.Metrics) == 0 {
			note(a.Dimensions, a.Period)
		}
		for _, m := range a.Metrics {
			if m.Expression == "" {
				note(m.MetricStat.Metric.Dimensions, m.MetricStat.Period)
			}
		}
		assert.Len(t, slices.Compact(functions), 1, "%s: a metric without a function is every stack's", name)
		assert.Len(t, slices.Compact(periods), 1, name)
	}
	assert.NotEmpty(t, slices.Collect(maps.Keys(alarms(t))))
}
