import { createEventLog } from '../../../lib/adapters/rocksdb/event-log.ts';
import { createQuarantine } from '../../../lib/adapters/rocksdb/quarantine.ts';
import { createStateStore } from '../../../lib/adapters/rocksdb/state-store.ts';
import { createUnappliedStore } from '../../../lib/adapters/rocksdb/unapplied.ts';
import { eventLogConformance } from '../../conformance/event-log.ts';
import { quarantineConformance } from '../../conformance/quarantine.ts';
import { stateStoreConformance } from '../../conformance/state-store.ts';
import { unappliedConformance } from '../../conformance/unapplied.ts';
import { rocksdbSubject } from './support.ts';

eventLogConformance(
  'rocksdb',
  async () => {
    let time = 0;
    const setClock = (to: number) => {
      time = to;
    };
    const subject = await rocksdbSubject(directory =>
      createEventLog(directory, { stream: 'clicks', shards: 3, clock: { now: () => time } }),
    );
    return { ...subject, setClock };
  },
  { shards: 3 },
);
stateStoreConformance('rocksdb', () => rocksdbSubject(createStateStore), { watches: true });
quarantineConformance('rocksdb', () => rocksdbSubject(createQuarantine));
unappliedConformance('rocksdb', () => rocksdbSubject(async directory => createUnappliedStore(directory)));
