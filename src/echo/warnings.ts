/** What one must know beside the figures of `uring-bench echo`, a line each. */
import { joined, plural } from '../values/format.ts';
import { type EchoPlan, shareCore } from './plan.ts';
import type { EchoBackend } from './schema.ts';

/** From here on the client, not the server, is what limits the rate. */
const BUSY_PCT = 95;

/** Known before anything runs. */
export function echoPlanWarnings({ serverCpus, clientCpus, variants, connect }: EchoPlan): string[] {
  if (serverCpus === null || connect !== null) return [];
  const polls = variants.some(({ features }) => features.some(({ name }) => name === 'sqpoll'));
  return [
    ...(shareCore(serverCpus, clientCpus)
      ? ['client and server share a core: they slow each other down (--cpus-allowed, --client-cpus)']
      : []),
    ...(polls && serverCpus.length === 1
      ? ["sqpoll: the kernel's thread that polls shares the server's only CPU (--cpus-allowed gives it more)"]
      : []),
  ];
}

function sum(backend: EchoBackend, of: (trial: EchoBackend['trials'][number]) => number): number {
  return backend.trials.reduce((total, trial) => total + of(trial), 0);
}

/** Of the trials that ran. */
export function echoTrialWarnings(backends: readonly EchoBackend[], rate: number | null): string[] {
  const busy = backends.filter(
    ({ trials }) => rate === null && trials.some(({ client_cpu_pct }) => client_cpu_pct > BUSY_PCT),
  );
  const names = busy.map(({ variant }) => variant);
  return [
    ...(busy.length > 0
      ? [
          `the client's CPU was busy throughout, beside ${joined(names)}: the rate is the client's as well, CPU per request the server's alone`,
        ]
      : []),
    ...backends.flatMap((backend) => ownWarnings(backend, rate)),
  ];
}

function ownWarnings(backend: EchoBackend, rate: number | null): string[] {
  const say = (text: string) => `${backend.variant}: ${text}`;
  const [unanswered, zc] = [sum(backend, (t) => t.unanswered), sum(backend, (t) => t.server.sends_zc)];
  const copied = sum(backend, (t) => t.server.zc_copied);
  const resets = sum(backend, (t) => t.server.resets);
  const rearmed = sum(backend, (t) => t.server.rearmed);
  const why = rate === null ? 'the server stood still' : 'it does not keep up with --request-rate';
  const lines: [boolean, string][] = [
    [
      unanswered > 0,
      `${plural(unanswered, 'request')} had no answer 1 s after the window, and are in no latency: ${why}`,
    ],
    [
      copied > 0,
      `the kernel copied ${Math.round((copied / zc) * 100)} % of the zero-copy sends after all, as it does on the loopback device`,
    ],
    [resets > 0, `${plural(resets, 'connection')} ended with an error at the server`],
    [rearmed > 0, `${plural(rearmed, 'multishot receive')} ended for want of buffers`],
  ];
  return lines.flatMap(([holds, text]) => (holds ? [say(text)] : []));
}
