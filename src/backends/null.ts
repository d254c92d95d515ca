import { UB } from '../native/abi.ts';
import type { Backend } from './backend.ts';

export const nullBackend: Backend = {
  name: 'null',
  aliases: {},
  summary: "completes at once and does nothing: measures the tool's own cost",
  id: UB.BACKEND_NULL,
  features: [],
  presets: {},
  async: true,
  hasSlat: false,
  ops: ['read', 'write', 'trim'],
  syscallsExact: true,
};
