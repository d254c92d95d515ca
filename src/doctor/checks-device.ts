/** The block device that serves a path, with its queue (Documentation/ABI/stable/sysfs-block in the kernel's source). */
import { join } from 'node:path';
import { holdersOf, partitionsOf } from '../host/block-device.ts';
import { listNames, readCount, readLine, readText } from '../host/host-files.ts';
import { numaNodeOf } from '../host/storage-chain.ts';
import type { DeviceInfo } from '../results/schema.ts';
import { formatBytes, plural } from '../values/format.ts';
import { type Found, type MachineCheck, ok, warning } from './check.ts';
import type { Seen, SeenPlace } from './seen.ts';

type Device = NonNullable<SeenPlace['device']>;
type Look = (device: Device, info: DeviceInfo, seen: Seen, place: SeenPlace) => Found | null;

function onDevice(look: Look): MachineCheck['look'] {
  return (seen) => {
    const { place } = seen;
    return place?.device ? look(place.device, place.info, seen, place) : null;
  };
}

function queueFile(device: Device, name: string): string {
  return join('/sys/block', device.disk.replaceAll('/', '!'), 'queue', name);
}

const model: Look = (device, info, { host }) => {
  const node = numaNodeOf(device, host);
  const link = info.link_bytes_per_second ?? null;
  const parts = [
    info.model ?? 'no model is told',
    ...(info.firmware === null ? [] : [`firmware ${info.firmware}`]),
    ...(info.transport ? [info.transport] : []),
    ...(link === null ? [] : [`link ${formatBytes(Math.round(link))}/s`]),
    ...(node === null ? [] : [`NUMA node ${node}`]),
    ...(info.rotational === true ? ['rotational, or a disk that says so'] : []),
  ];
  return ok(`${device.disk}: ${parts.join(', ')}`);
};

const queues: Look = (device, info, { host }) => {
  const hardware = listNames(join(device.diskFolder, 'mq'), host).length;
  const requests = info.nr_requests;
  if (hardware === 0 && requests === null) return null;
  const said = `${plural(hardware, 'hardware queue')}, ${requests ?? 'an unknown number of'} requests each`;
  if (requests !== null && requests < 32) {
    return warning(
      `${said}: deeper jobs wait before the device sees them`,
      `echo 256 | sudo tee ${queueFile(device, 'nr_requests')}`,
    );
  }
  return ok(said);
};

/** A virtual disk says that it turns unless its hypervisor tells it otherwise. */
const scheduler: Look = (device, { scheduler: name, rotational, transport }) => {
  if (name === null) return null;
  if (name === 'none') return ok('none: requests go to the device as they come');
  if (rotational === true && !transport?.startsWith('virtio'))
    return ok(`${name}: it orders requests, as a disk that turns needs it`);
  return warning(
    `${name}: each request passes through its lists and its lock`,
    `echo none | sudo tee ${queueFile(device, 'scheduler')}`,
  );
};

const nomerges: Look = (device, { nomerges: level }) => {
  if (level === null) return null;
  const said = `nomerges=${level}`;
  if (level > 0)
    return ok(`${said}: ${level === 1 ? 'only simple merges are looked for' : 'requests are not merged'}`);
  return ok(
    `${said}: neighbours are merged; random I/O looks for them in vain (echo 2 > ${queueFile(device, 'nomerges')} to measure without)`,
  );
};

const writeback: Look = (device, { wbt_lat_usec: usec, scheduler: name }) => {
  if (usec === null) return null;
  if (usec === 0) return ok('off: buffered writes go as fast as the device takes them');
  if (name === 'bfq') return ok('bfq is in force, which writes past it');
  return warning(
    `wbt_lat_usec=${usec}: buffered writes are held back so that reads stay below it`,
    `echo 0 | sudo tee ${queueFile(device, 'wbt_lat_usec')}`,
  );
};

/** Poll queues are a parameter of the driver, set when it is loaded (drivers/nvme/host/pci.c, drivers/block/virtio_blk.c). */
const polling: Look = (device, { io_poll: polls }, { host }) => {
  if (polls === null) return null;
  const driver = device.disk.startsWith('nvme') ? 'nvme' : device.disk.startsWith('vd') ? 'virtio_blk' : null;
  const count = driver === null ? null : readCount(`/sys/module/${driver}/parameters/poll_queues`, host);
  if (polls) return ok(`completions can be polled for (+iopoll)${count ? `, poll_queues=${count}` : ''}`);
  const said = 'no poll queues: +iopoll will be refused';
  if (driver === null) return ok(`${said}, its driver has none`);
  return ok(`${said} (${driver}.poll_queues=4 on the kernel's command line gives some)`);
};

const writeCache: Look = (_, { write_cache: cache }) => {
  if (cache === null) return null;
  if (cache === 'write through') return ok('write through: what is written is kept, a flush costs nothing');
  return ok(
    `${cache}: a write is fast until the cache is full, fsync flushes it: long runs for steady writes`,
  );
};

const blockSize: Look = (
  _,
  { logical_block_size: logical, physical_block_size: physical, max_sectors_kb: most },
) => {
  if (logical === null || physical === null) return null;
  const split = most === null ? '' : `; requests of up to ${most} KiB, larger ones are split`;
  const said = `${logical} bytes logical, ${physical} physical${split}`;
  return ok(physical > logical ? `${said}; writes below ${physical} are read first` : said);
};

/** Devices that are in use as swap, by name. */
function swaps({ host }: Seen): string[] {
  return (
    readText('/proc/swaps', host)
      ?.split('\n')
      .slice(1)
      .map((line) => line.split(/\s/)[0] ?? '') ?? []
  );
}

const inUse: Look = (device, _, seen, { kind, content }) => {
  const { host, mounts } = seen;
  const parts = [device, ...partitionsOf(device, host)];
  const uses = parts.flatMap((part) => [
    ...mounts
      .filter(({ dev }) => dev === part.number)
      .map(({ mountPoint }) => `${part.name} is mounted on ${mountPoint}`),
    ...holdersOf(part, host).map((holder) => `${part.name} is held by ${holder}`),
    ...(swaps(seen).includes(`/dev/${part.name}`) ? [`${part.name} is swap`] : []),
  ]);
  const readOnly = readLine(join(device.folder, 'ro'), host) === '1' ? ['it is read-only'] : [];
  const said = [...new Set([...uses, ...readOnly, ...(content === null ? [] : [`it ${content}`])])];
  if (said.length === 0) return ok('neither mounted nor held: writing needs --allow-overwrite alone');
  if (kind !== 'block' && kind !== 'char') return ok(said.join(', '));
  const [first] = mounts.filter(({ dev }) => dev === device.number);
  return warning(
    `${said.join(', ')}: writing would destroy that, and others use the device meanwhile`,
    first === undefined ? `lsblk /dev/${device.name}` : `sudo umount ${first.mountPoint}`,
  );
};

export const deviceChecks: readonly MachineCheck[] = [
  { id: 'device-model', group: 'device', title: 'device', look: onDevice(model) },
  { id: 'device-queues', group: 'device', title: 'queues', look: onDevice(queues) },
  { id: 'scheduler', group: 'device', title: 'scheduler', look: onDevice(scheduler) },
  { id: 'nomerges', group: 'device', title: 'merging', look: onDevice(nomerges) },
  { id: 'wbt', group: 'device', title: 'write-back throttle', look: onDevice(writeback) },
  { id: 'polling', group: 'device', title: 'polling', look: onDevice(polling) },
  { id: 'write-cache', group: 'device', title: 'write cache', look: onDevice(writeCache) },
  { id: 'block-size', group: 'device', title: 'block size', look: onDevice(blockSize) },
  { id: 'device-use', group: 'device', title: 'in use', look: onDevice(inUse) },
];
