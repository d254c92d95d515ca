/** `uring-bench echo --listen`: a server for the --connect of another machine. */
import { BenchError, systemHint, systemWords } from '../errors.ts';
import type { EchoAddress } from './plan.ts';
import { nativeError, startNative } from './trial.ts';

/**
 * Serves one client after the other until the signal comes.
 * @param onListening is told once it can be connected to
 * @throws BenchError (failed) when it cannot listen there
 */
export function serveEcho(
  { address, cpus }: { address: EchoAddress; cpus: readonly number[] },
  signal: AbortSignal,
  onListening: () => void,
): Promise<void> {
  const { host, port } = address;
  const child = startNative('listen', [`host=${host}`, `port=${port}`, `server_cpus=${cpus.join(',')}`]);
  return new Promise((resolve, reject) => {
    const stop = () => child.kill('SIGTERM');
    signal.addEventListener('abort', stop, { once: true });
    let said = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (/"listening"/.test(said)) onListening();
    });
    child.on('error', (error) => reject(nativeError(`did not start: ${error.message}`)));
    child.on('close', (code, by) => {
      if (signal.aborted) return resolve();
      if (code !== 0) return reject(nativeError(by ? `was killed by ${by}` : `ended with ${code}`));
      const { error, stage } = JSON.parse(said) as { error: number; stage: string };
      const hint = systemHint(error);
      reject(
        new BenchError(`${stage} ${host}:${port}: ${systemWords(error)}`, {
          kind: 'failed',
          errno: error,
          stage,
          ...(hint === undefined ? {} : { hint }),
        }),
      );
    });
  });
}
