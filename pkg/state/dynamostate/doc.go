// Package dynamostate keeps the state of messages in an Amazon DynamoDB table.
//
// # Table
//
// The table has the partition key pk (S), which is the message's path or the hash of a very long
// path, and the sort key sk (S). It needs one index, named due: partition key shard (N), sort key
// due (N), projection KEYS_ONLY. The deploy template creates it. CreateTable creates the same for
// tests and local use. A message consists of these items:
//
//	sk        attributes; one that would be zero is left out
//	head      path (S); schema, latest, floor, clear, line, revision, heard, announced, tries, doubted,
//	          ahead, over, dropped (N); told, gave, gone (BOOL); seen (NS);
//	          due, shard (N) while the message waits for a check or is not settled
//	key#HASH  key (S), seq (N), deleted (N: 0 or 1), value (S), one for each key webhooks spoke of
//	read      number, latest, clear (N), key_values (B: gzip of JSON), what was last read from Chat
//
// Times are Unix milliseconds. HASH is the hash of the key: a sort key has at most 1,024 bytes, and
// a key may be longer. ahead and over are state.Check's AheadSince and AheadOver, told is
// SinksUpToDate.
//
// The order of these sort keys matters, because Load reads them in this order and a Query does not
// read one moment. The head comes first, so that everything it calls handled exists when the rest
// is read. The read from Chat comes last: if an entry has been swept in the meantime, Load sees the
// read that replaces it.
//
// # Index
//
// The index holds the messages that are due and those that are not settled. Its partitions encode
// lane and standing, see the file index.go. So Due and Count share this one index, and an event
// makes no extra write for Count. Each lane has 16 partitions that events write, chosen by a hash
// of the path, so that no single partition takes every write. The index lags behind the table. Due
// reads the heads it finds there once more, consistently. Count counts what the index holds, which
// may be a moment old.
//
// # Writes
//
// Nothing is locked, and no message is read before it is written. An event is one write of the
// head, then one write for each of its keys, all at the same time, and one write of the head for
// the mark. Conditions make sure that a maximum only rises: a write assumes which value is the
// greater. If that was wrong (a late event), DynamoDB refuses the write and returns the stored
// head, and the next try is built from it. A refused condition is a normal outcome, never an error.
// Every write may be made twice, so the SDK's retries do no harm. A Store remembers the heads of
// some messages as it last saw them, so that the first try is right more often. It never relies on
// them.
//
// The cost of every write of the head depends on its size, which is mainly that of seen. A mark of
// the version that follows the floor raises the floor at once, and past the versions seen above it.
// Any other mark is added to seen, and cannot conflict with other marks. So seen is empty unless a
// version is missing. Only for a message with many writers it may also hold the marks of the last
// moments.
//
// Checks are not part of a webhook's processing. They compute the new head by state.Record and
// write it on condition that nothing they depend on has changed. A drop removes entries and changes
// the head in one transaction. A message is erased in three steps, see erase, and a crash between
// them leaves a message with a gap that is due. A mark that finds no head removes the keys that its
// event may have left.
//
// The table must have no time to live. If a tombstone above the read expired, a key of the read
// would become visible again. Sweep removes what may be removed.
//
// # Capacity
//
// In write units (W) and read units (R) of items up to 1 and 4 KB, as DynamoDB Local 3.3.1 consumes
// them (TestStore_CapacityOfEachCall). What it does not count is computed by the service's rules
// (docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html, read
// 2026-11), and is in brackets.
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
//	Count           0.5 R for each of 37 partitions, + 0.5 R for every 4 KB of those not settled
//	Each            1 R for every 4 KB that the scan passes
//
// A write that is refused is billed, too. Fifty concurrent writers of one message consume 3.0 W for
// each event of one key, and 0.6 W for refused writes, which are heads that a later event overtook
// (TestStore_CapacityOfAContendedMessage).
//
// A message of one key with a value of 8 bytes is billed as 449 bytes of the table, and as 153 of the
// index while it is due or unsettled (TestStore_BytesOfAMessage).
//
// # Versions
//
// The attribute schema of a head is the greatest version of this package that has written it.
// Version 1 did not write the attribute. Items of version 1 are read as they are, and rewritten by
// the next write that touches them. So a table is upgraded by deploying, no other step is needed,
// and ErrSchemaOld is never returned. Every write of a head has the condition that no newer version
// has written it, and every read checks this. Otherwise the error is state.ErrSchemaNew.
//
// # Permissions
//
// A receiver needs UpdateItem, Query, DeleteItem and ConditionCheckItem on the table; for an event
// it needs only UpdateItem. A reader needs Query. Repair needs all of these and GetItem,
// BatchGetItem and Scan, with Query on the index.
//
// It is for programs that build a receiver, a repairer or a reader over this store. Its API is v0:
// it may change with any release.
package dynamostate
