package secret_test

import (
	"fmt"

	"msgext/pkg/secret"
)

func Example() {
	options := struct {
		User     string
		Password secret.String
	}{"tally", "hunter2"}
	fmt.Printf("%+v\n", options)
	fmt.Println(options.Password.Reveal())
	// Output:
	// {User:tally Password:REDACTED}
	// hunter2
}
