package sqlstate

import (
	"regexp"
	"strings"
)

// Dialect holds the differences between the databases.
type Dialect struct {
	Greatest, Least string // the functions for the greater and the lesser of two numbers
	Integer         string // the type of any number in CAST; bigint and smallint when empty
	Nothing         string // what stands before WHERE in a SELECT without a table

	// OnDuplicateKey is for MySQL, which has no ON CONFLICT. A column whose name is a keyword is
	// quoted with backquotes there. The value that an upsert would insert is VALUES(column).
	OnDuplicateKey bool

	// TwoSteps is for a server that parses and plans a statement at each execution, including
	// subqueries that it then does not run. That costs more than the rest of an event. With
	// TwoSteps an event whose version does not follow the floor is marked in a second transaction.
	TwoSteps bool
}

// upsert inserts a row, or updates the one that is there under its key.
type upsert struct {
	table, alias string
	columns      string
	source       string // VALUES or a SELECT
	key          string // columns
	// Assignments to the existing row, called by the alias, from the new row, called "excluded";
	// empty to leave the existing row.
	set   []string
	where string // the condition of the update; empty for always
}

var (
	cast     = regexp.MustCompile(`AS (bigint|smallint)\)`)
	excluded = regexp.MustCompile(`\bexcluded\.(\w+)`)
	keyword  = regexp.MustCompile(`"(\w+)"`)
)

// text writes a statement in the dialect.
func (d Dialect) text(sql string) string {
	sql = strings.NewReplacer("GREATEST(", d.Greatest+"(", "LEAST(", d.Least+"(", "/*nothing*/", d.Nothing).Replace(sql)
	if d.Integer != "" {
		sql = cast.ReplaceAllLiteralString(sql, "AS "+d.Integer+")")
	}
	if d.OnDuplicateKey {
		sql = keyword.ReplaceAllString(sql, "`$1`")
	}
	return sql
}

func (d Dialect) upsert(u upsert) string {
	if d.OnDuplicateKey {
		return d.text(u.onDuplicateKey())
	}
	sql := "INSERT INTO " + u.table + " AS " + u.alias + " (" + u.columns + ")\n" + u.source + "\nON CONFLICT (" + u.key + ") DO "
	if len(u.set) == 0 {
		return d.text(sql + "NOTHING")
	}
	sql += "UPDATE SET\n" + strings.Join(u.set, ",\n")
	if u.where != "" {
		sql += "\nWHERE " + u.where
	}
	return d.text(sql)
}

// onDuplicateKey repeats the condition in each assignment, because MySQL has no WHERE there.
func (u upsert) onDuplicateKey() string {
	there := regexp.MustCompile(`\b` + u.alias + `\.`)
	in := func(expression string) string {
		return there.ReplaceAllLiteralString(excluded.ReplaceAllString(expression, "VALUES($1)"), u.table+".")
	}
	var set []string
	for _, assignment := range u.set {
		column, value, _ := strings.Cut(assignment, " = ")
		if u.where != "" {
			value = "IF(" + u.where + ", " + value + ", " + u.alias + "." + column + ")"
		}
		set = append(set, column+" = "+in(value))
	}
	if len(set) == 0 {
		column, _, _ := strings.Cut(u.key, ",")
		set = []string{column + " = " + in("excluded."+column)}
	}
	return "INSERT INTO " + u.table + " (" + u.columns + ")\n" + u.source + "\nON DUPLICATE KEY UPDATE\n" + strings.Join(set, ",\n")
}
