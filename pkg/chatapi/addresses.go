package chatapi

import (
	"context"
	"net/url"
	"strconv"
)

const addressList = "ConfigSvc/GetIPList"

// Place is the region where an app's webhooks are received.
type Place int

// The places, by the number that Chat's API uses for them (trtc.io/document/36742).
const (
	InChina   Place = 5 // Hong Kong included
	Elsewhere Place = 6
)

// Addresses returns the addresses that Chat's webhooks to a place come from. Some are networks in
// CIDR notation, as Chat writes them. The list may be empty: the vendor's page once said that
// outside the Chinese mainland only apps that have asked for the list get it.
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
