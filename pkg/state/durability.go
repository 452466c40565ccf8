package state

import "context"

// Durability says in words whether a write that the store's server has acknowledged can be lost.
type Durability string

// Durable is the only Durability with which nothing accepted is lost.
const Durable Durability = "on disk before it is acknowledged"

// Settable is implemented by stores for which the server's settings decide whether acknowledged
// writes can be lost.
type Settable interface {
	Store

	// Durability asks the server. It returns an error if the server could not be asked.
	Durability(ctx context.Context) (Durability, error)
}
