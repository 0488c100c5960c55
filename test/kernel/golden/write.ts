import { existsSync, writeFileSync } from 'node:fs';
import { cases } from './cases.ts';
import { folder, goldenOf, suffix } from './golden.ts';

/**
 * Writes the golden files of cases that have none yet: `node test/kernel/golden/write.ts`. A file that is there is
 * never overwritten: rows like it may exist, and must stay readable.
 */
for (const one of cases) {
  const golden = goldenOf(one);
  const file = `${folder}v${golden.codec}-${one.name}${suffix}`;
  if (existsSync(file)) {
    console.log(`kept     v${golden.codec}-${one.name}`);
  } else {
    const members = Object.entries(golden).map(
      ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`,
    );
    writeFileSync(file, `{\n${members.join(',\n')}\n}\n`, { flag: 'wx' });
    console.log(`written  v${golden.codec}-${one.name}`);
  }
}
