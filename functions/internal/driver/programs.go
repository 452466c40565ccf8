package driver

// programsWith names the programs that have the driver of a scheme, nil for a scheme that none has.
func programsWith(scheme string) []string { return programs()[scheme] }

// programs is a table, because a program cannot link what it only wants to name. A test compares it with the
// lists.
func programs() map[string][]string {
	const (
		local, server = "functions/local", "functions/server"
		aws, scf      = "functions/aws", "functions/scf"
	)
	return map[string][]string{
		"memory":     {local, server},
		"sqlite":     {local, server},
		"postgres":   {scf, server},
		"postgresql": {scf, server},
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
