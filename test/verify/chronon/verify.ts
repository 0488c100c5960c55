import { parseArgs } from 'node:util';
import { dataFile } from '../data.ts';
import { checkVectors, type Reference, type Report, readSpec } from './check.ts';
import { verdicts } from './compare.ts';

/**
 * Holds the kernel to values that Chronon's own aggregators computed over the same events.
 *
 *   npm run verify:chronon                          all vectors of the reference data
 *   npm run verify:chronon -- --vectors FILE …      other rows of the same logs and specs (NDJSON, gzip or not)
 *   npm run verify:chronon -- --vectors FILE --spec FILE --events FILE     of any log
 *
 * Exit status: 0 if no value differs, 1 if one does, 2 if it could not be run.
 */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      vectors: { type: 'string', multiple: true },
      spec: { type: 'string' },
      events: { type: 'string' },
    },
  });
  const files =
    values.vectors ??
    ['vectors-a.ndjson.gz', 'vectors-edge.ndjson.gz'].map(f => dataFile(`chronon-vectors/${f}`));
  const given = values.spec === undefined ? null : await readSpec(values.spec);

  const references = new Map<string, Reference>();
  const referenceOf = async (entity: string): Promise<Reference> => {
    let reference = references.get(entity);
    if (reference === undefined) {
      reference = {
        spec:
          given?.entity === entity ? given : await readSpec(dataFile(`chronon-vectors/spec-${entity}.json`)),
        events:
          values.events ??
          dataFile(
            entity === 'edge' ? 'chronon-vectors/edge-events.ndjson' : 'online-retail/events.ndjson.gz',
          ),
      };
      references.set(entity, reference);
    }
    return reference;
  };

  const reports: Report[] = [];
  for (const file of files) {
    process.stderr.write(`${file}\n`);
    reports.push(await checkVectors(file, referenceOf, rows => process.stderr.write(`  ${rows} rows\n`)));
  }
  const total = (verdict: (typeof verdicts)[number]): number =>
    reports.reduce((n, r) => n + r.counts[verdict], 0);
  for (const verdict of verdicts) console.log(`${String(total(verdict)).padStart(10)}  ${verdict}`);
  for (const difference of reports.flatMap(r => r.differences)) console.log(difference);
  const compared = verdicts.filter(v => v !== 'tie').reduce((n, v) => n + total(v), 0);
  console.log(`verify:chronon: ${compared} values compared, ${total('different')} differences`);
  if (compared === 0) {
    console.error('nothing was compared: the vector files hold no rows');
    return 2;
  }
  return total('different') === 0 ? 0 : 1;
}

main().then(
  status => {
    process.exitCode = status;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  },
);
