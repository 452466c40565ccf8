-- What version 1 of the schema held: pg_dump --inserts of PostgreSQL 15.18, written by pgstate of commit 83dcf68 (2026-11-24).
CREATE TABLE msgext_entries (
    message bytea NOT NULL,
    digest bytea NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    seq bigint NOT NULL,
    deleted smallint NOT NULL,
    value text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE msgext_messages (
    id bytea NOT NULL,
    sdk_app_id text NOT NULL,
    group_id text NOT NULL,
    msg_seq bigint NOT NULL,
    from_account text NOT NULL,
    to_account text NOT NULL,
    msg_key text NOT NULL,
    latest bigint NOT NULL,
    floor bigint DEFAULT 0 NOT NULL,
    clear bigint DEFAULT 0 NOT NULL,
    revision bigint DEFAULT 0 NOT NULL,
    heard bigint DEFAULT 0 NOT NULL,
    due bigint,
    tries bigint DEFAULT 0 NOT NULL,
    told smallint DEFAULT 0 NOT NULL,
    ahead_since bigint
);
CREATE TABLE msgext_reads (
    message bytea NOT NULL,
    latest bigint NOT NULL,
    clear bigint NOT NULL,
    key_values jsonb NOT NULL
);
CREATE VIEW msgext_read_keys AS
 SELECT r.message,
    r.latest,
    kv."Key" AS key,
    kv."Value" AS value,
    kv."Seq" AS seq
   FROM (msgext_reads r
     CROSS JOIN LATERAL jsonb_to_recordset(r.key_values) kv("Key" text COLLATE "C", "Value" text COLLATE "C", "Seq" bigint));
CREATE VIEW message_extensions AS
 SELECT m.sdk_app_id,
    m.group_id,
    m.msg_seq,
    m.from_account,
    m.to_account,
    m.msg_key,
    e.key,
    e.value,
    e.seq
   FROM ((msgext_messages m
     JOIN msgext_entries e ON ((e.message = m.id)))
     LEFT JOIN msgext_reads r ON ((r.message = m.id)))
  WHERE ((e.seq > m.clear) AND (e.seq > COALESCE(r.latest, (0)::bigint)) AND (e.deleted = 0))
UNION ALL
 SELECT m.sdk_app_id,
    m.group_id,
    m.msg_seq,
    m.from_account,
    m.to_account,
    m.msg_key,
    r.key,
    r.value,
    r.seq
   FROM (msgext_messages m
     JOIN msgext_read_keys r ON ((r.message = m.id)))
  WHERE ((m.clear <= r.latest) AND (NOT (EXISTS ( SELECT 1
           FROM msgext_entries e
          WHERE ((e.message = m.id) AND (e.key = r.key) AND (e.seq > r.latest))))));
CREATE TABLE msgext_seen (
    message bytea NOT NULL,
    version bigint NOT NULL
);
INSERT INTO msgext_entries VALUES ('\x126911561e28f7ace6216c33d2cdc63b1d588e63114357fe343c0a906b514f96', '\xca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'a', 1, 0, '1');
INSERT INTO msgext_entries VALUES ('\x126911561e28f7ace6216c33d2cdc63b1d588e63114357fe343c0a906b514f96', '\xe16d25d45d0a7ef24d8d57c6f6161958d70342daf393f31ecb3e063764c82358', 'z', 1, 0, 'nul');
INSERT INTO msgext_entries VALUES ('\x126911561e28f7ace6216c33d2cdc63b1d588e63114357fe343c0a906b514f96', '\x3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d', 'b', 2, 0, '🗳');
INSERT INTO msgext_entries VALUES ('\xf4d13efb0a1871d4a6d1ee931d18c6f03e191dc026fa86497c2ecdf61ab533f7', '\xca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'a', 3, 0, '3');
INSERT INTO msgext_entries VALUES ('\x066c0bb9accd7a25d7d5ff3246e22a6534d48793258c834b2cfec232ccc33a7c', '\xca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'a', 1, 0, '1');
INSERT INTO msgext_entries VALUES ('\xdd6d2cb8dd8422219292751109ffbc520f8fb5b9900e951406d1d98a5878decb', '\xca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'a', 2, 1, '');
INSERT INTO msgext_entries VALUES ('\xdd6d2cb8dd8422219292751109ffbc520f8fb5b9900e951406d1d98a5878decb', '\x3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d', 'b', 3, 0, '3');
INSERT INTO msgext_entries VALUES ('\xd77354efe1a1c8fe7ee42afd72767a20d06203e6c5ec2b9ab1a24eec36d349b5', '\xca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'a', 2, 0, '2');
INSERT INTO msgext_entries VALUES ('\xd569fa549af8703e263ffec1c5dac54cde434b8705809dcf103c6946d394ed3a', '\x2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6', 'c', 4, 0, '4');
INSERT INTO msgext_entries VALUES ('\xd569fa549af8703e263ffec1c5dac54cde434b8705809dcf103c6946d394ed3a', '\xca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'a', 3, 1, '');
INSERT INTO msgext_entries VALUES ('\xe2088a40cda8ca49ad732c93db441e1ef68fc04470a3e88f038df5e608f0c8b1', '\xca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'a', 5, 0, '5');
INSERT INTO msgext_entries VALUES ('\x3fa993ec385db73401e295faa05d744c0b7e420578d7ef097861e33af88bc3b8', '\x3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d', 'b', 9, 0, '9');
INSERT INTO msgext_entries VALUES ('\x7813d2d25fa474af6a0d18f382d8f6ccb478ce42977035812364580b1e173f21', '\xca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'a', 1, 0, '1');
INSERT INTO msgext_entries VALUES ('\x7813d2d25fa474af6a0d18f382d8f6ccb478ce42977035812364580b1e173f21', '\x2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6', 'c', 3, 0, '3');
INSERT INTO msgext_entries VALUES ('\x68433f98f349dfa7f9542860ae1f649092a4a97b06638d5c7a30c3464da97cbc', '\xca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'a', 1, 0, '1');
INSERT INTO msgext_entries VALUES ('\x68433f98f349dfa7f9542860ae1f649092a4a97b06638d5c7a30c3464da97cbc', '\x3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d', 'b', 6, 0, '6');
INSERT INTO msgext_messages VALUES ('\x126911561e28f7ace6216c33d2cdc63b1d588e63114357fe343c0a906b514f96', '1400000000', 'due', 10, '', '', '', 2, 2, 0, 2, 1767528000000, 1767528000000, 0, 0, NULL);
INSERT INTO msgext_messages VALUES ('\xf4d13efb0a1871d4a6d1ee931d18c6f03e191dc026fa86497c2ecdf61ab533f7', '1400000000', 'gap', 10, '', '', '', 3, 1, 0, 2, 1767528000000, 1767528000000, 0, 0, NULL);
INSERT INTO msgext_messages VALUES ('\x066c0bb9accd7a25d7d5ff3246e22a6534d48793258c834b2cfec232ccc33a7c', '1400000000', 'unmarked', 10, '', '', '', 1, 0, 0, 1, 1767528000000, 1767528000000, 0, 0, NULL);
INSERT INTO msgext_messages VALUES ('\xdd6d2cb8dd8422219292751109ffbc520f8fb5b9900e951406d1d98a5878decb', '1400000000', 'quiet', 10, '', '', '', 3, 3, 0, 3, 1767528000000, NULL, 0, 1, NULL);
INSERT INTO msgext_messages VALUES ('\xd77354efe1a1c8fe7ee42afd72767a20d06203e6c5ec2b9ab1a24eec36d349b5', '1400000000', 'quiet with a gap', 10, '', '', '', 2, 0, 0, 1, 1767528000000, NULL, 0, 0, NULL);
INSERT INTO msgext_messages VALUES ('\x038c870d89bc20b040dba6fadc9caeb619a10ce0bffb84ae8473bcba9efbe22d', '1400000000', 'read and quiet', 10, '', '', '', 4, 4, 0, 1, 1767528000000, NULL, 0, 1, NULL);
INSERT INTO msgext_messages VALUES ('\xd569fa549af8703e263ffec1c5dac54cde434b8705809dcf103c6946d394ed3a', '1400000000', 'read and heard since', 10, '', '', '', 4, 2, 0, 2, 1767528000000, 1767531600000, 0, 0, NULL);
INSERT INTO msgext_messages VALUES ('\x46f0769e0683338e8dbbaf9c98c67646b8d00daef6a4a88908f1783d3313d1b4', '1400000000', 'read alone', 10, '', '', '', 2, 0, 0, 0, 0, NULL, 0, 0, NULL);
INSERT INTO msgext_messages VALUES ('\xe2088a40cda8ca49ad732c93db441e1ef68fc04470a3e88f038df5e608f0c8b1', '1400000000', 'tried', 10, '', '', '', 5, 0, 0, 1, 1767528000000, 1767528120000, 3, 0, NULL);
INSERT INTO msgext_messages VALUES ('\x3fa993ec385db73401e295faa05d744c0b7e420578d7ef097861e33af88bc3b8', '1400000000', 'ahead', 10, '', '', '', 9, 1, 0, 1, 1767528000000, 1767528060000, 1, 0, 1767528030000);
INSERT INTO msgext_messages VALUES ('\x7813d2d25fa474af6a0d18f382d8f6ccb478ce42977035812364580b1e173f21', '1400000000', 'cleared', 10, '', '', '', 3, 3, 2, 3, 1767528000000, 1767528000000, 0, 0, NULL);
INSERT INTO msgext_messages VALUES ('\x68433f98f349dfa7f9542860ae1f649092a4a97b06638d5c7a30c3464da97cbc', '1400000000', '', 0, 'jared/1', 'Jonh', '1_2_3', 6, 1, 0, 3, 1767528000000, 1767528000000, 0, 0, NULL);
INSERT INTO msgext_reads VALUES ('\x038c870d89bc20b040dba6fadc9caeb619a10ce0bffb84ae8473bcba9efbe22d', 4, 0, '[{"Key": "b", "Seq": 4, "Value": "4\u0001\u0001"}, {"Key": "c", "Seq": 3, "Value": "3"}]');
INSERT INTO msgext_reads VALUES ('\xd569fa549af8703e263ffec1c5dac54cde434b8705809dcf103c6946d394ed3a', 2, 0, '[{"Key": "a", "Seq": 1, "Value": "1"}, {"Key": "b", "Seq": 2, "Value": "2"}]');
INSERT INTO msgext_reads VALUES ('\x46f0769e0683338e8dbbaf9c98c67646b8d00daef6a4a88908f1783d3313d1b4', 2, 1, '[{"Key": "b", "Seq": 2, "Value": "2"}]');
INSERT INTO msgext_reads VALUES ('\x3fa993ec385db73401e295faa05d744c0b7e420578d7ef097861e33af88bc3b8', 1, 0, '[{"Key": "a", "Seq": 1, "Value": "1"}]');
INSERT INTO msgext_seen VALUES ('\xf4d13efb0a1871d4a6d1ee931d18c6f03e191dc026fa86497c2ecdf61ab533f7', 3);
INSERT INTO msgext_seen VALUES ('\xd77354efe1a1c8fe7ee42afd72767a20d06203e6c5ec2b9ab1a24eec36d349b5', 2);
INSERT INTO msgext_seen VALUES ('\xd569fa549af8703e263ffec1c5dac54cde434b8705809dcf103c6946d394ed3a', 4);
INSERT INTO msgext_seen VALUES ('\xd569fa549af8703e263ffec1c5dac54cde434b8705809dcf103c6946d394ed3a', 3);
INSERT INTO msgext_seen VALUES ('\xe2088a40cda8ca49ad732c93db441e1ef68fc04470a3e88f038df5e608f0c8b1', 5);
INSERT INTO msgext_seen VALUES ('\x3fa993ec385db73401e295faa05d744c0b7e420578d7ef097861e33af88bc3b8', 9);
INSERT INTO msgext_seen VALUES ('\x68433f98f349dfa7f9542860ae1f649092a4a97b06638d5c7a30c3464da97cbc', 4);
INSERT INTO msgext_seen VALUES ('\x68433f98f349dfa7f9542860ae1f649092a4a97b06638d5c7a30c3464da97cbc', 6);
ALTER TABLE ONLY msgext_entries
    ADD CONSTRAINT msgext_entries_pkey PRIMARY KEY (message, digest);
ALTER TABLE ONLY msgext_messages
    ADD CONSTRAINT msgext_messages_pkey PRIMARY KEY (id);
ALTER TABLE ONLY msgext_reads
    ADD CONSTRAINT msgext_reads_pkey PRIMARY KEY (message);
ALTER TABLE ONLY msgext_seen
    ADD CONSTRAINT msgext_seen_pkey PRIMARY KEY (message, version);
CREATE INDEX msgext_messages_due ON msgext_messages USING btree (due, id) WHERE (due IS NOT NULL);