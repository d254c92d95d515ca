/** What laid-out files are filled with: bytes that no disk or file system can make smaller. */
import { randomFillSync } from 'node:crypto';

export const CHUNK_BYTES = 4 * 2 ** 20;

/** Deduplication works on blocks of at least this size, at multiples of it. */
const STAMP_EVERY_BYTES = 4096;

/**
 * Random bytes, made once and used for each chunk: generating fresh ones would cost more than writing them.
 * Each 4 KiB block gets a number of its own at its start, so that no two blocks are alike; compression
 * works on far less than a chunk at a time, in which nothing repeats.
 */
export class FillData {
  readonly #pool = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  readonly #words = new Uint32Array(this.#pool.buffer, this.#pool.byteOffset, CHUNK_BYTES / 4);
  #blocks = 0;

  constructor() {
    randomFillSync(this.#pool);
  }

  /**
   * What to write at a position of a file that is to end at endBytes: up to the next multiple of
   * CHUNK_BYTES. Valid until the next call.
   */
  chunkAt(position: number, endBytes: number): Buffer {
    const wordsPerBlock = STAMP_EVERY_BYTES / 4;
    for (let word = 0; word < this.#words.length; word += wordsPerBlock) {
      this.#blocks++;
      this.#words[word] = this.#blocks % 2 ** 32;
      this.#words[word + 1] = Math.floor(this.#blocks / 2 ** 32);
    }
    const start = position % CHUNK_BYTES;
    return this.#pool.subarray(start, Math.min(CHUNK_BYTES, start + endBytes - position));
  }
}
