import { readFile } from 'node:fs/promises';
import { readLines } from '../data.ts';
import { judge, type Verdict, verdicts } from './compare.ts';
import { createComputation, ways } from './kernel.ts';
import { readEvent, type Spec, type SpecEvent, type VectorRow } from './spec.ts';

/** Where the vectors of one entity come from. */
export interface Reference {
  readonly spec: Spec;
  /** NDJSON of the log's events, in file order. */
  readonly events: string;
}

export interface Report {
  /** Values looked at, by verdict. */
  readonly counts: Record<Verdict, number>;
  readonly rows: number;
  /** The first differences, in words. */
  readonly differences: readonly string[];
}

export const readSpec = async (path: string): Promise<Spec> =>
  JSON.parse(await readFile(path, 'utf8')) as Spec;

/**
 * Holds the kernel to the rows of a vector file.
 *
 * @param referenceOf the spec and events of an entity that a row names
 */
export async function checkVectors(
  file: string,
  referenceOf: (entity: string) => Promise<Reference>,
  progress: (rows: number) => void = () => {},
): Promise<Report> {
  const rows = new Map<string, Map<string, VectorRow[]>>();
  for await (const line of readLines(file)) {
    const row = JSON.parse(line) as VectorRow;
    const byKey = rows.get(row.e) ?? new Map<string, VectorRow[]>();
    rows.set(row.e, byKey);
    const ofKey = byKey.get(row.k);
    if (ofKey) ofKey.push(row);
    else byKey.set(row.k, [row]);
  }
  const counts = Object.fromEntries(verdicts.map(v => [v, 0])) as Record<Verdict, number>;
  const differences: string[] = [];
  let done = 0;
  for (const [entity, byKey] of rows) {
    const { spec, events } = await referenceOf(entity);
    const log = await readEvents(spec, events, new Set(byKey.keys()));
    const computations = ways.map(way => createComputation(spec, way));
    for (const [key, ofKey] of byKey) {
      const ofLog = log.get(key) ?? [];
      const ascending = [...ofKey].sort((a, b) => a.q - b.q);
      const queries = ascending.map(row => row.q);
      const computed = computations.map(compute => compute(ofLog, queries));
      for (const [i, row] of ascending.entries()) {
        if (row.v.length !== spec.features.length) {
          throw new Error(
            `${file}: a row of ${entity} ${key} has ${row.v.length} values, the spec ${spec.features.length}`,
          );
        }
        for (let position = 0; position < row.v.length; position++) {
          const judged = computed.map(byQuery =>
            judge({ spec, row, events: ofLog, ours: byQuery[i]! }, position),
          );
          const wrong = judged.indexOf('different');
          counts[wrong < 0 ? judged[0]! : 'different']++;
          if (wrong >= 0 && differences.length < 20) {
            const [ours, theirs] = [computed[wrong]![i]![position], row.v[position]].map(v =>
              JSON.stringify(v),
            );
            differences.push(
              `${entity} ${key} at ${row.q}, ${spec.features[position]} (${ways[wrong]}): ours ${ours}, theirs ${theirs}`,
            );
          }
        }
        done++;
        if (done % 200 === 0) progress(done);
      }
    }
  }
  return { counts, rows: done, differences };
}

/** Events by key, in file order, of the keys that are asked for. */
async function readEvents(
  spec: Spec,
  file: string,
  keys: ReadonlySet<string>,
): Promise<Map<string, SpecEvent[]>> {
  const byKey = new Map<string, SpecEvent[]>();
  for await (const line of readLines(file)) {
    const read = readEvent(spec, JSON.parse(line) as Record<string, unknown>);
    if (read === null || !keys.has(read.key)) continue;
    const ofKey = byKey.get(read.key);
    if (ofKey) ofKey.push(read.event);
    else byKey.set(read.key, [read.event]);
  }
  return byKey;
}
