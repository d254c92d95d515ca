import type { TargetOptions } from '../../src/targets/target.ts';

/** The options of a small buffered random read job, but for those given. */
export function targetOptions(options: Partial<TargetOptions>): TargetOptions {
  return {
    name: 'job',
    filenames: [],
    directory: null,
    size: null,
    filesize: null,
    nrfiles: null,
    offset: 0,
    numjobs: 1,
    rw: 'randread',
    bs: { read: 4096, write: 4096, trim: 4096 },
    direct: false,
    room: null,
    allowOverwrite: false,
    destroyDevice: [],
    ...options,
  };
}
