package chatapi

import (
	"context"
	"net/url"
	"strconv"
)

const addressList = "ConfigSvc/GetIPList"

// Place is where an app's webhooks are received.
type Place int

// The places, by the number that Chat's API has for the addresses of webhooks to there
// (trtc.io/document/36742).
const (
	InChina   Place = 5 // Hong Kong included
	Elsewhere Place = 6
)

// Addresses returns the addresses that Chat's webhooks to a place come from, some of them networks
// in CIDR notation, as Chat writes them. It may be none: the vendor's page once said that for
// places outside of the Chinese mainland the list is for apps alone that have asked for it.
//
// Errors: ErrReply, *Error. It honours the context.
func (c *Client) Addresses(ctx context.Context, to Place) ([]string, error) {
	data, _, err := c.do(ctx, call{
		command: addressList, query: url.Values{"nettype": {strconv.Itoa(int(to))}}, request: struct{}{}, idempotent: true,
	})
	if err != nil {
		return nil, err
	}
	var reply struct{ IPList []string }
	if decode(data, &reply) != nil {
		return nil, ErrReply
	}
	return reply.IPList, nil
}
