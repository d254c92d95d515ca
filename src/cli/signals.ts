/**
 * SIGINT, SIGTERM, SIGQUIT and SIGHUP (the terminal has gone): the first stops the run, which still reports what there
 * is; the second ends the process.
 */
import { EXIT } from '../errors.ts';
import { Stopped } from './failure.ts';

const CODES: Readonly<Record<string, number>> = {
  SIGHUP: EXIT.sighup,
  SIGINT: EXIT.sigint,
  SIGQUIT: EXIT.sigquit,
  SIGTERM: EXIT.sigterm,
};

export interface Stop {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Exit code of the signal that came; null as long as none has. */
  code(): number | null;
  /** Gives the signals back to the system. */
  release(): void;
}

/**
 * Takes the signals until release().
 * @param onStop is told of the first signal
 */
export function stopOnSignals(onStop: (name: string) => void): Stop {
  const controller = new AbortController();
  let code: number | null = null;
  const release = () => {
    for (const name of Object.keys(CODES)) process.off(name, handle);
  };
  const handle = (name: NodeJS.Signals) => {
    if (code === null) {
      code = CODES[name] ?? EXIT.sigterm;
      onStop(name);
      controller.abort(new Stopped(name, code));
      return;
    }
    // process.exit() waits for native calls, jobs in an I/O among them: once what is to be cleaned up is, the system's
    // default for the signal ends the process.
    release();
    process.once('exit', () => process.kill(process.pid, name));
    process.exit(CODES[name] ?? EXIT.sigterm);
  };
  for (const name of Object.keys(CODES)) process.on(name, handle);
  return { signal: controller.signal, code: () => code, release };
}
