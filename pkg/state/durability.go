package state

import "context"

// Durability says in words what becomes of a write that a store's server has acknowledged.
type Durability string

// Durable is the only Durability with which nothing accepted is lost.
const Durable Durability = "on disk before it is acknowledged"

// Settable is implemented by stores whose server's settings decide what it may lose.
type Settable interface {
	Store

	// Durability asks the server. Its error says that the server could not be asked.
	Durability(ctx context.Context) (Durability, error)
}
