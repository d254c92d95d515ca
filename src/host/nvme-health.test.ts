import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthFindings, LOG_BYTES, mediaWritten, parseHealth } from './nvme-health.ts';

/** A log page 02h with a value of its own in each field (NVM Express base specification 2.0, figure 207). */
function smart(): Buffer {
  const log = Buffer.alloc(LOG_BYTES);
  log.writeUInt16LE(273 + 41, 1);
  log.set([98, 10, 3], 3);
  log.writeBigUInt64LE(2000n, 32);
  log.writeBigUInt64LE(4000n, 48);
  log.writeBigUInt64LE(7n, 112);
  log.writeBigUInt64LE(1234n, 128);
  log.writeBigUInt64LE(5n, 144);
  log.writeBigUInt64LE(2n, 160);
  log.writeUInt32LE(11, 192);
  log.writeUInt32LE(12, 196);
  log.writeUInt32LE(3, 216);
  log.writeUInt32LE(4, 220);
  return log;
}

function ocp(bytes: bigint): Buffer {
  const log = Buffer.alloc(LOG_BYTES);
  log.writeBigUInt64LE(bytes, 0);
  Buffer.from('c5af1028eabff2a49c4f6f7cc914d5af', 'hex').copy(log, LOG_BYTES - 16);
  return log;
}

const at = new Date('2026-01-02T03:04:05Z');

test('a SMART log is read field by field', () => {
  assert.deepEqual(parseHealth(smart(), null, at), {
    at: '2026-01-02T03:04:05.000Z',
    critical_warning: 0,
    temperature_c: 41,
    available_spare_pct: 98,
    available_spare_threshold_pct: 10,
    percentage_used: 3,
    host_read_bytes: 2000 * 512_000,
    host_written_bytes: 4000 * 512_000,
    media_written_bytes: null,
    power_cycles: 7,
    power_on_hours: 1234,
    unsafe_shutdowns: 5,
    media_errors: 2,
    warning_temperature_minutes: 11,
    critical_temperature_minutes: 12,
    thermal_transitions: 7,
  });
});

test('the log at C0h is OCP’s where it says so at its end', () => {
  assert.equal(mediaWritten(ocp(2n ** 63n)), 2 ** 63);
  assert.equal(mediaWritten(Buffer.alloc(LOG_BYTES, 1)), null);
});

test('what the drive says against the figures', () => {
  const before = parseHealth(smart(), null, at);
  assert.deepEqual(healthFindings(before, before), []);
  const log = smart();
  log.writeUInt8(0b10, 0);
  log.writeUInt32LE(6, 216);
  log.writeBigUInt64LE(9n, 160);
  const codes = healthFindings(before, parseHealth(log, null, at)).map(({ code }) => code);
  assert.deepEqual(codes, ['drive-critical', 'drive-throttled', 'media-errors']);
});
