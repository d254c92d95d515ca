/** The machine, its devices, what doctor found, and every option of a run. */
import { optionText } from '../../../compare/identity.ts';
import type { DeviceInfo, Environment, RunResult } from '../../../results/schema.ts';
import { formatBytes, plural } from '../../../values/format.ts';
import { dataTable } from '../charts/table.ts';
import { escapeHtml } from '../escape.ts';
import { factsHtml, folded, heading } from './parts.ts';

type Fact = [name: string, text: string];

/** A value in words; '' of what is not known. */
function worded(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}

function known(facts: readonly Fact[]): Fact[] {
  return facts.filter(([, text]) => text !== '');
}

function bytes(value: number | null | undefined): string {
  return value === null || value === undefined ? '' : formatBytes(value);
}

function machineFacts(env: Environment): Fact[] {
  return known([
    ['host', env.hostname],
    ['kernel', `${env.kernel} ${env.arch}`],
    ['CPU', `${env.cpu_model}, ${env.cpus_online} online, ${env.cpus_allowed} allowed`],
    ['NUMA nodes', worded(env.numa_nodes)],
    ['SMT', worded(env.smt)],
    ['governor', worded(env.governor)],
    ['virtualization', worded(env.virtualization)],
    ['mitigations', worded(env.mitigations)],
    ['memory', `${formatBytes(env.memory_bytes)}, ${formatBytes(env.memory_available_bytes)} available`],
    ['locked memory', env.memlock_limit_bytes === null ? 'no limit' : formatBytes(env.memlock_limit_bytes)],
    ['clock', `${env.clock}${env.clocksource === null ? '' : `, ${env.clocksource}`}`],
    [
      'software',
      `Node ${env.node}, library ${env.library}${env.glibc === null ? '' : `, glibc ${env.glibc}`}`,
    ],
  ]);
}

function deviceFacts(device: DeviceInfo): Fact[] {
  return known([
    ['path', device.path],
    ['kind', device.kind],
    ['size', bytes(device.size_bytes)],
    ['file system', worded(device.file_system)],
    ['mounted', [device.mount_point, device.mount_options].filter((text) => text).join(' ')],
    ['device', worded(device.device)],
    ['model', worded(device.model)],
    ['firmware', worded(device.firmware)],
    ['serial', worded(device.serial)],
    ['transport', [device.transport, device.link].filter((text) => text).join(', ')],
    ['rotational', worded(device.rotational)],
    ['scheduler', worded(device.scheduler)],
    ['requests in its queue', worded(device.nr_requests)],
    [
      'logical, physical block',
      [device.logical_block_size, device.physical_block_size].map(worded).join(', '),
    ],
    ['largest request', device.max_sectors_kb === null ? '' : `${device.max_sectors_kb} KiB`],
    ['write cache', worded(device.write_cache)],
    ['polling', worded(device.io_poll)],
  ]);
}

/** The machine and its devices; devices of many files but once. */
export function environmentHtml({ environment }: Pick<RunResult, 'environment'>): string {
  const devices = [...new Map(environment.files.map((file) => [file.device ?? file.path, file])).values()];
  const files = devices.map(
    (device) => heading(device.device ?? device.path) + factsHtml(deviceFacts(device)),
  );
  return factsHtml(machineFacts(environment)) + files.join('\n') + findingsHtml(environment);
}

/** What of the machine could spoil a run: what is not right first, the rest behind a click. */
function findingsHtml({ doctor = [] }: Environment): string {
  if (doctor.length === 0) return '';
  const rows = (all: typeof doctor) => all.map(({ id, state, text, mend }) => [id, state, text, mend ?? '']);
  const head = ['check', 'state', 'what was found', 'what mends it'];
  const wrong = doctor.filter(({ state }) => state !== 'ok');
  const right = doctor.filter(({ state }) => state === 'ok');
  return [
    wrong.length > 0
      ? dataTable({ caption: 'What doctor found', head, rows: rows(wrong) })
      : '<p>doctor found nothing that would spoil a run.</p>',
    right.length > 0
      ? folded(
          `${plural(right.length, 'check')} found nothing wrong`,
          dataTable({
            caption: 'Checks that are ok',
            head: head.slice(0, 3),
            rows: rows(right).map((row) => row.slice(0, 3)),
          }),
        )
      : '',
  ].join('');
}

/** Every option of every group of jobs, and the command that was typed. */
export function optionsHtml({ jobs, command_line }: Pick<RunResult, 'jobs' | 'command_line'>): string {
  const flags = [...new Set(jobs.flatMap(({ options }) => Object.keys(options)))].sort();
  const text = (value: unknown, flag: string) =>
    value === undefined || value === null ? '' : optionText(flag, value);
  const command = command_line
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
  return [
    `<pre><code>${escapeHtml(command)}</code></pre>`,
    folded(
      `All ${plural(flags.length, 'option')}`,
      dataTable({
        caption: 'Every option with the value in force',
        head: ['option', ...jobs.map(({ name }) => name)],
        rows: flags.map((flag) => [flag, ...jobs.map(({ options }) => text(options[flag], flag))]),
      }),
    ),
  ].join('');
}
