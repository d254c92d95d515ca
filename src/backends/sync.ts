import { UB } from '../native/abi.ts';
import type { Backend } from './registry.ts';

export const sync: Backend = {
  name: 'sync',
  aliases: { psync: [], pvsync2: ['vectored'] },
  summary: 'pread/pwrite: the thread sleeps in the call until the data is there',
  id: UB.BACKEND_SYNC,
  features: [
    { name: 'vectored', bit: UB.FEATURE_VECTORED, help: 'preadv2/pwritev2 with one iovec', since: '4.6' },
  ],
  presets: {},
  async: false,
  hasSlat: false,
  ops: ['read', 'write', 'trim'],
  syscallsExact: true,
};
