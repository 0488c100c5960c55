import { createStateStore } from '../../../lib/adapters/rocksdb/state-store.ts';
import { feedParity } from '../../conformance/feed-parity.ts';
import { rocksdbSubject } from './support.ts';

feedParity('rocksdb', () => rocksdbSubject(createStateStore));
