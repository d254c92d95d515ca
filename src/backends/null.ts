import { defineBackend } from './define.ts';

export const nullBackend = defineBackend('null', {
  aliases: {},
  meant: ['none', 'noop', 'nop'],
  summary: "completes at once and does nothing: measures the tool's own cost",
  features: {},
  presets: {},
  options: [
    {
      flag: 'null-delay',
      kind: 'time',
      bare: 'ns',
      max: 1_000_000_000,
      group: 'backends',
      help: 'each I/O of the null backend takes that long; a bare number is nanoseconds',
      default: '0',
      backends: ['null'],
      scope: 'workload',
      native: { field: 'null_delay_ns' },
    },
  ],
});
