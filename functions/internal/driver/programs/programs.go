// Package programs knows which program has which driver, so that one can name another.
package programs

// With names the programs that have the driver of a scheme, nil for a scheme that none has.
func With(scheme string) []string { return Table()[scheme] }

// Table has the programs of each scheme. It is a table, because a program cannot link what it only wants to name. A
// test compares it with the lists.
func Table() map[string][]string {
	const (
		local, server = "functions/local", "functions/server"
		aws, scf      = "functions/aws", "functions/scf"
	)
	return map[string][]string{
		"memory":     {local, server},
		"sqlite":     {local, server},
		"mysql":      {aws, scf, server},
		"postgres":   {aws, scf, server},
		"postgresql": {aws, scf, server},
		"redis":      {aws, scf, server},
		"rediss":     {aws, scf, server},
		"dynamodb":   {aws, server},

		"stdout":      {local, aws, scf, server},
		"http":        {local, aws, scf, server},
		"https":       {local, aws, scf, server},
		"kafka":       {aws, scf, server},
		"sqs":         {aws, server},
		"eventbridge": {aws, server},
	}
}
