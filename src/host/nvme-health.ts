/** What an NVMe drive says of itself: log page 02h of the NVM Express base specification, C0h of OCP's datacenter NVMe SSD specification. */
import type { EvaluationFinding, EvaluationHealth } from '../results/evaluate-schema.ts';

/** Both are as long. */
export const LOG_BYTES = 512;
export const SMART_PAGE = 0x02;
export const OCP_PAGE = 0xc0;
/** A data unit of the SMART log is a thousand blocks of 512 bytes, rounded up. */
const DATA_UNIT_BYTES = 512_000;
const KELVIN = 273;
/** By which the OCP log is told from what else a maker may have at C0h; its last bytes. */
const OCP_GUID = Buffer.from('c5af1028eabff2a49c4f6f7cc914d5af', 'hex');
/** A counter of 16 bytes; more than a double holds exactly is rounded. */
function wide(log: Buffer, at: number): number {
  return Number(log.readBigUInt64LE(at)) + Number(log.readBigUInt64LE(at + 8)) * 2 ** 64;
}

/** Bytes written to the media, of an OCP log; null for any other. */
export function mediaWritten(log: Buffer): number | null {
  if (log.length < LOG_BYTES || !log.subarray(LOG_BYTES - OCP_GUID.length).equals(OCP_GUID)) return null;
  return wide(log, 0);
}

/** @param ocp log page C0h; null when the drive has none */
export function parseHealth(log: Buffer, ocp: Buffer | null, at: Date): EvaluationHealth {
  return {
    at: at.toISOString(),
    critical_warning: log.readUInt8(0),
    temperature_c: log.readUInt16LE(1) - KELVIN,
    available_spare_pct: log.readUInt8(3),
    available_spare_threshold_pct: log.readUInt8(4),
    percentage_used: log.readUInt8(5),
    host_read_bytes: wide(log, 32) * DATA_UNIT_BYTES,
    host_written_bytes: wide(log, 48) * DATA_UNIT_BYTES,
    media_written_bytes: ocp === null ? null : mediaWritten(ocp),
    power_cycles: wide(log, 112),
    power_on_hours: wide(log, 128),
    unsafe_shutdowns: wide(log, 144),
    media_errors: wide(log, 160),
    warning_temperature_minutes: log.readUInt32LE(192),
    critical_temperature_minutes: log.readUInt32LE(196),
    thermal_transitions: log.readUInt32LE(216) + log.readUInt32LE(220),
  };
}

/** Bits of critical_warning. */
const CRITICAL = [
  'the spare is below its threshold',
  'a temperature is beyond its threshold',
  'reliability is degraded',
  'the medium is read-only',
  'the backup of volatile memory failed',
  'the persistent memory region is read-only',
] as const;

/** What a drive's own words say against the figures. */
export function healthFindings(before: EvaluationHealth, after: EvaluationHealth): EvaluationFinding[] {
  const found: EvaluationFinding[] = [];
  const tell = (code: string, message: string): void => {
    found.push({ code, message, count: 1 });
  };
  for (const [bit, words] of CRITICAL.entries())
    if ((after.critical_warning & (1 << bit)) !== 0) tell('drive-critical', `the drive warns: ${words}`);
  const transitions = after.thermal_transitions - before.thermal_transitions;
  const minutes =
    after.warning_temperature_minutes +
    after.critical_temperature_minutes -
    before.warning_temperature_minutes -
    before.critical_temperature_minutes;
  if (transitions > 0 || minutes > 0)
    tell(
      'drive-throttled',
      `the drive was too hot: ${transitions} times its thermal management set in, ${minutes} minutes above a temperature limit: figures are of a slowed drive`,
    );
  const errors = after.media_errors - before.media_errors;
  if (errors > 0) tell('media-errors', `the drive counts ${errors} new errors of its medium`);
  const shutdowns = after.unsafe_shutdowns - before.unsafe_shutdowns;
  if (shutdowns > 0) tell('power-lost', `the drive lost its power ${shutdowns} times meanwhile`);
  return found;
}
