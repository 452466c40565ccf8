package sample

import (
	"encoding/json"
	"fmt"

	"msgext/testdata"
)

// Addresses is the file testdata/addresses.json: the reply to requests by the address they come
// from.
type Addresses struct {
	Comment string          `json:"comment"`
	Source  string          `json:"source"`
	Allow   string          `json:"allow"` // MSGEXT_ALLOW_FROM
	Vectors []AddressVector `json:"vectors"`
}

// AddressVector is a vector of testdata/vectors, sent from an address.
type AddressVector struct {
	Name   string            `json:"name"`
	Vector string            `json:"vector"`
	From   string            `json:"from"` // as in Request
	Header map[string]string `json:"header"`

	// Allowed says that the address is allowed. The reply is then the vector's own. Exempt says
	// that no address is checked.
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
		// Embedded in the binary, and its tests read all of it.
		panic(fmt.Sprintf("testdata/addresses.json: %v", err))
	}
	return addresses
}
