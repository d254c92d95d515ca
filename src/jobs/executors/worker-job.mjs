/*
 * One job of an arena in a worker of Node's: a single native call that lasts as long as the job. JavaScript, so
 * that a worker starts from sources, too.
 */
import { workerData } from 'node:worker_threads';

const { module, arena, index } = workerData;
if (module.endsWith('.ts')) (await import('tsx/esm/api')).register();
const { runJobHere } = await import(module);
runJobHere(arena, index);
