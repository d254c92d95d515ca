import { constants } from 'node:os';
import { defineBackend } from './define.ts';

const { EIO, ENODEV } = constants.errno;

export const mmap = defineBackend('mmap', {
  aliases: {},
  meant: ['mapped', 'mapping', 'memory-mapped'],
  summary: 'copies to and from a mapping of the file: page faults read it; buffered, outside of the default',
  features: {
    populate: {
      help: 'MADV_POPULATE_READ: all of the file is read and mapped before the window',
      since: '5.14',
    },
  },
  presets: {},
  options: [],
  requires: [
    { test: (w) => !w.direct, what: 'buffered I/O (--buffered): a mapping is of cached pages' },
    { test: (w) => w.sync === 'none', what: '--sync=none: a mapping knows no O_SYNC (--fsync is msync)' },
    {
      test: ({ room }) => room !== 'none' && room !== 'keep',
      what: 'files that have their length: --fallocate=native, posix or truncate',
    },
    { test: (w) => !w.charDevices, what: 'files or block devices' },
  ],
  hint(errno, stage) {
    if (errno === EIO && (stage === 'read' || stage === 'write')) {
      return 'it was SIGBUS: the device failed it (see dmesg), the file was truncated beneath the mapping, or the disk is full';
    }
    if (errno === EIO && stage === 'MADV_POPULATE_READ')
      return 'the device failed it (see dmesg), or the file ends before';
    if (errno === ENODEV && stage === 'map the file') return 'that file system or device cannot be mapped';
    return undefined;
  },
});
