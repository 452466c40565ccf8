package sqlstatetest

import (
	"context"

	"msgext/internal/sqlstate"
	"msgext/pkg/state/statetest"
)

// Faulty is a database that a simulated crash can cut off.
type Faulty struct {
	sqlstate.Database
	Faults *statetest.Faults
}

// Write implements sqlstate.Database.
func (d Faulty) Write(ctx context.Context, write sqlstate.Write) (rows []int64, err error) {
	err = d.Faults.Do(func() error {
		rows, err = d.Database.Write(ctx, write)
		return err
	})
	return rows, err
}
