package dynamostate

import "msgext/internal/outbound"

// Transport returns the transport of a store's requests, nil if it is the caller's own client.
func (s *Store) Transport() *outbound.Transport {
	transport, _ := s.client.Options().HTTPClient.(*outbound.Transport)
	return transport
}
