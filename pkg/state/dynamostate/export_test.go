package dynamostate

import "msgext/internal/outbound"

// Transport is what a store's requests go through, nil where that is the caller's own client.
func (s *Store) Transport() *outbound.Transport {
	transport, _ := s.http.(*outbound.Transport)
	return transport
}
