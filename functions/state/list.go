package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// listPage is how many messages list asks of the store at once.
const listPage = 200

// list prints the messages of an app that the store holds, as the REST API names them, one a line; those of one group
// where group is not empty. What it prints may be given to replay.
func list(ctx context.Context, store state.Store, app, group string, stdout io.Writer) error {
	for after := state.Cursor(""); ; {
		page, err := store.Each(ctx, after, listPage)
		if err != nil {
			return err
		}
		for _, head := range page.Heads {
			if !listed(head.Message, app, group) {
				continue
			}
			line, err := json.Marshal(head.Message.Address())
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(stdout, "%s\n", line); err != nil {
				return err
			}
		}
		if !page.More {
			return nil
		}
		after = page.Next
	}
}

func listed(message msgext.Message, app, group string) bool {
	return message.SDKAppID == app && (group == "" || message.GroupID == group)
}
