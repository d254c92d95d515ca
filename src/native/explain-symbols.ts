/** Names of the kernel's functions by address, as /proc/kallsyms lists them to who may see addresses. */
import { readFileSync } from 'node:fs';

export class KernelSymbols {
  private readonly addresses: BigUint64Array;
  private readonly names: readonly string[];

  private constructor(addresses: BigUint64Array, names: readonly string[]) {
    this.addresses = addresses;
    this.names = names;
  }

  /** Without CAP_SYSLOG all addresses are zero: then there are no names. */
  static read(): KernelSymbols {
    const functions: [bigint, string][] = [];
    for (const line of readFileSync('/proc/kallsyms', 'latin1').split('\n')) {
      const [address = '', type = '', name = ''] = line.split(/[ \t]/, 3);
      if (!/^[tTwW]$/.test(type) || /^0*$/.test(address)) continue;
      functions.push([BigInt(`0x${address}`), name]);
    }
    functions.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return new KernelSymbols(
      BigUint64Array.from(functions, ([address]) => address),
      functions.map(([, name]) => name),
    );
  }

  /** The function that this address is in; hexadecimal digits when it is in none. */
  name(address: bigint): string {
    let [low, high] = [0, this.addresses.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.addresses[middle] ?? 0n) <= address) low = middle + 1;
      else high = middle;
    }
    return this.names[low - 1] ?? `0x${address.toString(16)}`;
  }
}
