import type { AttributeDefinition, KeySchemaElement } from '@aws-sdk/client-dynamodb';
import type { RowLimits } from '../../runtime/rows.ts';

/** What a table has to be like, for whoever makes it: infrastructure, tests. */
export interface TableDefinition {
  readonly KeySchema: KeySchemaElement[];
  readonly AttributeDefinitions: AttributeDefinition[];
  /** Where the time to live stands, for tables whose rows may expire. */
  readonly ttlAttribute: string | null;
}

/**
 * A group version's table. Rows and runs lie in one table, under keys of two kinds. Attribute names count in an item's
 * size, and so in what each write costs: they have one letter.
 *
 * | attribute | type | meaning |
 * | --- | --- | --- |
 * | `k` | S | `r` and the row's key, or `s` and the id of a run (what was spilled) |
 * | `v` | N | the row's version; runs have none |
 * | `b` | B | the row's or the run's bytes |
 * | `e` | N | when the row may be dropped, seconds since 1970, where the table's rows expire |
 */
export const rowTable: TableDefinition = {
  KeySchema: [{ AttributeName: 'k', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'k', AttributeType: 'S' }],
  ttlAttribute: 'e',
};

/**
 * The table of shards' progress and of notes, for all streams. It must not expire: a shard whose progress is gone is
 * processed from its beginning.
 *
 * | attribute | type | meaning |
 * | --- | --- | --- |
 * | `life` | S | the life of the stream |
 * | `entry` | S | `p` and a shard's id, or `n` and a note's name |
 * | `at` | S | of progress: the position, as text in its order |
 * | `big` | BOOL | of progress: whether its sequence number is a bigint |
 * | `code` | S | of progress: which code moved it there |
 * | `note` | S | of a note: its text |
 */
export const progressTable: TableDefinition = {
  KeySchema: [
    { AttributeName: 'life', KeyType: 'HASH' },
    { AttributeName: 'entry', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: 'life', AttributeType: 'S' },
    { AttributeName: 'entry', AttributeType: 'S' },
  ],
  ttlAttribute: null,
};

/**
 * The table of deployments: which Plan is active, and the Plans that are or were. Small, and read at each invocation;
 * written by `functions/activate` alone. It must not expire.
 *
 * | attribute | type | meaning |
 * | --- | --- | --- |
 * | `k` | S | `active`, or `plan/` and a Plan's hash |
 * | `plan` | S | of `active`: the hash of the Plan that counts |
 * | `at` | N | of `active`: when it was activated, ms since 1970 |
 * | `n` | N | of `active`: how many activations there were |
 * | `previous` | S | of `active`: the hash of the Plan before it, if there was one |
 * | `retired` | S | of `active`: JSON, since when tables of earlier Plans get no events, ms since 1970, by DynamoDB's names |
 * | `b` | B | of a Plan: gzipped JSON, the Plan and DynamoDB's names of its tables |
 */
export const controlTable: TableDefinition = {
  KeySchema: [{ AttributeName: 'k', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'k', AttributeType: 'S' }],
  ttlAttribute: null,
};

/**
 * The table of the leases of workers (lib/runtime/worker). What it holds may be lost: shards are leased anew then, and
 * read on where progress ends.
 *
 * | attribute | type | meaning |
 * | --- | --- | --- |
 * | `life` | S | the life of the stream |
 * | `shard` | S | the shard's id |
 * | `counter` | N | one more with every write, which is conditioned on the one before |
 * | `owner` | S | the worker that processes the shard, where one does |
 * | `heir` | S | the worker that has asked for it, where one has |
 * | `checkpoint` | S | the sequence number that was settled last, for people |
 * | `drained` | BOOL | true once the shard is closed and all its records are settled |
 */
export const leaseTable: TableDefinition = {
  KeySchema: [
    { AttributeName: 'life', KeyType: 'HASH' },
    { AttributeName: 'shard', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: 'life', AttributeType: 'S' },
    { AttributeName: 'shard', AttributeType: 'S' },
  ],
  ttlAttribute: null,
};

/** DynamoDB's limit for one item, names and key included. */
export const longestItem = 400 * 1024;

/**
 * How large rows and runs may grow here. An item of up to 1 KB costs one write unit: a head of 960 bytes leaves room for
 * a key of 45, and for all that stands beside them. Items end at 400 KB: a run's id has up to 1,100 bytes, and what is
 * neither key nor bytes fewer than 100.
 */
export const dynamoRowLimits: RowLimits = {
  headBytes: 960,
  runBytes: 64 * 1024,
  itemBytes: longestItem - 2 * 1024,
};
