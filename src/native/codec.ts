/**
 * Writes and reads the structures of native/include/ub_abi.h by the generated layout. Every value is range-checked
 * here, as the FFI layer would cut it silently.
 */
import { LAYOUT } from './abi.ts';

type Layout = typeof LAYOUT;
export type StructName = keyof Layout;
type Fields<S extends StructName> = Layout[S]['fields'];
type ScalarFields<S extends StructName> = {
  [F in keyof Fields<S>]: Fields<S>[F] extends { kind: 'bytes' } ? never : F;
}[keyof Fields<S>];

/** A struct's scalar fields; 64-bit ones may be given as bigint or number. */
export type StructValues<S extends StructName> = {
  [F in ScalarFields<S>]: Fields<S>[F] extends { kind: 'u64' } ? number | bigint : number;
};

interface Field {
  offset: number;
  bytes: number;
  kind: string;
}

const MAX = { u32: 2n ** 32n - 1n, u64: 2n ** 64n - 1n } as const;

function checked(value: number | bigint, kind: 'u32' | 'u64', name: string): bigint {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new RangeError(`${name}: ${value} is not an exact integer`);
  }
  const big = BigInt(value);
  if (big < 0n || big > MAX[kind]) throw new RangeError(`${name}: ${value} does not fit ${kind}`);
  return big;
}

function writeScalar(view: DataView, at: number, field: Field, value: number | bigint, name: string): void {
  if (field.kind === 'u32') view.setUint32(at, Number(checked(value, 'u32', name)), true);
  else if (field.kind === 'u64') view.setBigUint64(at, checked(value, 'u64', name), true);
  else if (field.kind === 'f64') view.setFloat64(at, Number(value), true);
  else if (field.kind === 'i32' && Number.isInteger(Number(value)) && Math.abs(Number(value)) < 2 ** 31) {
    view.setInt32(at, Number(value), true);
  } else throw new RangeError(`${name}: ${value} does not fit ${field.kind}`);
}

/**
 * Encodes all scalar fields of a struct; array fields stay zero.
 * @throws RangeError when a value does not fit its field.
 */
export function encode<S extends StructName>(name: S, values: StructValues<S>): Uint8Array {
  const bytes = new Uint8Array(LAYOUT[name].size);
  const view = new DataView(bytes.buffer);
  const fields = LAYOUT[name].fields as Record<string, Field>;
  for (const [key, value] of Object.entries(values as Record<string, number | bigint>)) {
    const field = fields[key];
    if (!field) throw new RangeError(`${name} has no field ${key}`);
    writeScalar(view, field.offset, field, value, `${name}.${key}`);
  }
  return bytes;
}

/** Where a field lies in its struct. */
export function fieldOf<S extends StructName>(name: S, field: keyof Fields<S>): Field {
  return (LAYOUT[name].fields as Record<string, Field>)[field as string] as Field;
}

/** Reads structs out of a copied piece of the arena. Counts up to 2^53 come as numbers, exactly. */
export class Reader {
  readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** A scalar of the struct that begins at `base`. @throws RangeError above 2^53. */
  number<S extends StructName>(base: number, struct: S, field: ScalarFields<S>): number {
    const { offset, kind } = fieldOf(struct, field);
    if (kind === 'u32') return this.view.getUint32(base + offset, true);
    if (kind === 'i32') return this.view.getInt32(base + offset, true);
    if (kind === 'f64') return this.view.getFloat64(base + offset, true);
    return this.u64(base + offset, `${struct}.${String(field)}`);
  }

  /** A 64-bit scalar that is no count (a hash). */
  bigint<S extends StructName>(base: number, struct: S, field: ScalarFields<S>): bigint {
    return this.view.getBigUint64(base + fieldOf(struct, field).offset, true);
  }

  u64(at: number, what: string): number {
    const value = this.view.getBigUint64(at, true);
    if (value === MAX.u64) return Number.POSITIVE_INFINITY; /* the empty minimum */
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`${what}: ${value} is beyond 2^53`);
    return Number(value);
  }

  text(at: number, bytes: number): string {
    const raw = this.bytes.subarray(at, at + bytes);
    const end = raw.indexOf(0);
    return Buffer.from(end < 0 ? raw : raw.subarray(0, end)).toString('utf8');
  }
}
