// Package dynamostate keeps the state of messages in an Amazon DynamoDB table.
//
// # Table
//
// The table has the partition key pk (S), the message's path or the hash of a very long one, and the sort key
// sk (S). It needs one index, named due: partition key shard (N), sort key due (N), projection KEYS_ONLY. The deploy
// template makes it; CreateTable makes the same for tests and local use. A message is these items:
//
//	sk            attributes
//	head          path (S); latest, floor, clear, revision, heard, tries (N); told (BOOL); ahead (N); seen (NS);
//	              due, shard (N) only while the message waits for a check
//	key#HASH      key (S), seq (N), deleted (N: 0 or 1), value (S), one for each key webhooks spoke of
//	read          latest, clear (N), key_values (B: gzip of JSON), what was last read from Chat
//
// Times are Unix milliseconds. HASH is of the key, since a sort key ends at 1,024 bytes and a key need not.
//
// The order of these names is the order in which Load reads them, and matters, since a Query is not one moment: the
// head first, so that what it calls handled is there when the rest is read; what was read from Chat last, so
// that an entry that has been swept meanwhile is missing only where the read that replaces it is seen.
//
// The index holds only messages that are due, spread over 16 shards by a hash of the path, so that no
// partition takes every write. It lags behind the table: Due reads the heads it names once more, consistently.
//
// # Writes
//
// Nothing is locked, and no message is read to be written. An event is one write of the head, one for
// each of its keys, all at once, and one of the head for the mark. Maxima are kept by conditions: a write says what
// it takes to be the greater, and where it was wrong (a late event) the refusal brings the head as it is,
// and the next try knows. A refused condition is a normal outcome, never an error, and every write may be made
// twice, so the SDK's retries do no harm. Every write of the head costs by its size, which is that of
// seen: a version that follows the floor raises it at once, so seen is empty unless a message has a gap.
//
// The table must have no time to live: a tombstone that expired above the read would bring a key of the
// read back. Sweep removes what may go.
//
// # Permissions
//
// UpdateItem, GetItem, BatchGetItem, Query, DeleteItem and ConditionCheckItem on the table, and Query on its index.
//
// It is for programs that build a receiver, a repairer or a reader over this store. Its API is
// v0: it may change with any release.
package dynamostate
