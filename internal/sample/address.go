package sample

import (
	"encoding/json"
	"fmt"

	"msgext/testdata"
)

// Addresses is the file testdata/addresses.json: what becomes of requests by where they come from.
type Addresses struct {
	Comment string          `json:"comment"`
	Source  string          `json:"source"`
	Allow   string          `json:"allow"` // MSGEXT_ALLOW_FROM
	Vectors []AddressVector `json:"vectors"`
}

// AddressVector is a vector of testdata/vectors as somebody sends it.
type AddressVector struct {
	Name   string            `json:"name"`
	Vector string            `json:"vector"`
	From   string            `json:"from"` // as Request's
	Header map[string]string `json:"header"`

	// Allowed says that the address is; the reply is then the vector's own. Exempt says that no
	// address is asked for.
	Allowed bool `json:"allowed"`
	Exempt  bool `json:"exempt"`
}

// LoadAddresses returns the file's content.
func LoadAddresses() Addresses {
	content, err := testdata.Files.ReadFile("addresses.json")
	var addresses Addresses
	if err == nil {
		err = json.Unmarshal(content, &addresses)
	}
	if err != nil {
		panic(fmt.Sprintf("testdata/addresses.json: %v", err)) // part of the binary, and its tests read it whole
	}
	return addresses
}
