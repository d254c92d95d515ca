import { defineBackend } from './define.ts';

export const nullBackend = defineBackend('null', {
  aliases: {},
  summary: "completes at once and does nothing: measures the tool's own cost",
  features: {},
  presets: {},
});
