// Package dynamostate keeps the state of messages in an Amazon DynamoDB table.
//
// # Table
//
// The table has the partition key pk (S), the message's path or the hash of a very long one, and
// the sort key sk (S). It needs one index, named due: partition key shard (N), sort key due (N),
// projection KEYS_ONLY. The deploy template makes it; CreateTable makes the same for tests and
// local use. A message is these items:
//
//	sk        attributes; one that would be zero is left out
//	head      path (S); schema, latest, floor, clear, line, revision, heard, announced, tries, doubted,
//	          ahead, over, dropped (N); told, gave, gone (BOOL); seen (NS);
//	          due, shard (N) while the message waits for a check or is not settled
//	key#HASH  key (S), seq (N), deleted (N: 0 or 1), value (S), one for each key webhooks spoke of
//	read      number, latest, clear (N), key_values (B: gzip of JSON), what was last read from Chat
//
// Times are Unix milliseconds. HASH is of the key, since a sort key ends at 1,024 bytes and a key
// need not. ahead and over are state.Check's AheadSince and AheadOver, told is SinksUpToDate.
//
// The order of these names is the order in which Load reads them, and matters, since a Query is not
// one moment: the head first, so that what it calls handled is there when the rest is read; what
// was read from Chat last, so that an entry that has been swept meanwhile is missing only where the
// read that replaces it is seen.
//
// # Index
//
// The index holds the messages that are due and those that are not settled. Its partitions say lane
// and standing, see the file index.go, so that Due and Open both ask this one index, and an event
// writes no more for it. The partitions that events write are 16 a lane, by a hash of the path, so
// that none takes every write. The index lags behind the table: Due reads the heads it names once
// more, consistently. Open counts what the index says, as of a moment ago.
//
// # Writes
//
// Nothing is locked, and no message is read to be written. An event is one write of the head, one
// for each of its keys, all at once, and one of the head for the mark. Maxima are kept by
// conditions: a write says what it takes to be the greater, and where it was wrong (a late event)
// the refusal brings the head as it is, and the next try knows. A refused condition is a normal
// outcome, never an error, and every write may be made twice, so the SDK's retries do no harm. A
// Store remembers the heads of some messages as it last saw them, for a better first try, and
// trusts none of them.
//
// Every write of the head costs by its size, which is that of seen. A mark that follows the floor
// raises it at once, over what was seen above it; any other is added to seen, whatever other marks
// do meanwhile. So seen is empty unless a version is missing, but for the marks of the last moments
// where a message has many writers.
//
// Checks, which are off the webhook's path, compute the new head by state.Record and write it on
// condition that nothing they depend on has changed. A drop takes entries and changes the head in
// one transaction. A message is erased in three steps, see erase, and a crash between them leaves a
// gap that is due. A mark that finds no head removes the keys that its event may have left behind
// one.
//
// The table must have no time to live: a tombstone that expired above the read would bring a key of
// the read back. Sweep removes what may go.
//
// # Capacity
//
// In write units (W) and read units (R) of items up to 1 and 4 KB, as DynamoDB Local 3.3.1 consumes
// them (TestStore_CapacityOfEachCall); what it does not count is reckoned by the service's rules
// (docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html, read
// 2026-11), and stands in brackets.
//
//	Apply, k keys   1 W + k W, and 1 or 2 W where the message was not due or in another lane
//	MarkSeen        1 W
//	Doubt           1 W, Announce of a new message 1 W; each with the index as Apply
//	Load            1 R for every 4 KB of the message
//	Merge           1 R + 1 W; 1 R more before the first read, 1 W more where the head learns something
//	SaveCheck       1 R + 1 W, and 1 W where the message leaves the index, 2 W where it moves in it
//	Drop            1 R for every 4 KB [+ 4 W, 6 W with the index, + 2 W an entry]
//	Sweep           1 R for every 4 KB [+ 4 W + 2 W an entry]
//	Erase, Forget   [about 5 R + 1 W an item + 8 W]
//	Due             0.5 R a partition, of which there are 17 or 18, + 1 R a head
//	Open            0.5 R for each of 37 partitions, + 0.5 R for every 4 KB of those not settled
//	Each            1 R for every 4 KB that the scan passes
//
// A write that is refused is billed, too. Fifty writers of one message at once consume 3.0 W an
// event of one key, and 0.6 refused W: heads that a later event overtook
// (TestStore_CapacityOfAContendedMessage).
//
// # Versions
//
// The attribute schema of a head is the greatest version of this package that has written it;
// version 1 wrote none. What version 1 wrote is read as it is and rewritten by the next write that
// touches it, so there is no step to take: a table is upgraded by deploying, and ErrSchemaOld is
// never returned. Every write of a head holds only if no newer version has written it, and every
// read looks. The error is state.ErrSchemaNew then.
//
// # Permissions
//
// On the table: UpdateItem, Query, DeleteItem and ConditionCheckItem to receive, of which an event
// needs the first alone; Query to read; and besides GetItem, BatchGetItem and Scan to repair, with
// Query on the index.
//
// It is for programs that build a receiver, a repairer or a reader over this store. Its API is v0:
// it may change with any release.
package dynamostate
