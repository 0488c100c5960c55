import { GetItemCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import type { RedriveUnappliedReport } from '../../lib/runtime/redrive-unapplied.ts';
import type { AskMillrace } from './command-line.ts';
import type { World } from './world.ts';

/**
 * Makes the bytes of a row unreadable. The function that is returned puts them back where the platform has kept what it
 * could not read, as an operator does from a copy, and redrives the events that waited, by the command line.
 */
export async function breakRow(
  world: World,
  millrace: AskMillrace,
  table: string,
  key: string,
): Promise<() => Promise<RedriveUnappliedReport>> {
  const { dynamo, deployment } = world;
  const TableName = deployment.active.tables[table]!;
  const { Item: row } = await dynamo.send(new GetItemCommand({ TableName, Key: { k: { S: `r${key}` } } }));
  if (row === undefined) throw new Error(`there is no row ${key} in ${table}`);
  const bytes = row.b!.B!;
  // No codec has the number 0; one of a higher number would be waited for, as a newer release's.
  const broken = Buffer.from('\0no row');
  await dynamo.send(new PutItemCommand({ TableName, Item: { ...row, b: { B: broken } } }));

  return async () => {
    const { Items = [] } = await dynamo.send(new ScanCommand({ TableName }));
    const kept = Items.filter(item => Buffer.from(item.b!.B!).equals(broken));
    for (const item of kept)
      await dynamo.send(new PutItemCommand({ TableName, Item: { ...item, b: { B: bytes } } }));
    const row = ['--table', table, '--key', key, '--env', 'local'];
    return (await millrace('unapplied', 'redrive', ...row)) as RedriveUnappliedReport;
  };
}
