/** What is known of a traced pass beside what the kernel was seen to do. */
import type { Trial } from '../results/schema.ts';

export interface ExplainContext {
  /** The traced pass; null of a program that is not ours: figures are then of block requests. */
  trial: Trial | null;
  /** Registry name: io_uring. */
  backend: string;
  /** Canonical, with its features: io_uring+force_async. */
  variant: string;
  /** Whether a job can have more than one I/O in flight, as its backend says. */
  async: boolean;
  direct: boolean;
  /** Descriptors that the jobs have open for I/O; 1 where that is not known. */
  descriptors?: number;
  /** Of each job. */
  iodepth: number;
  rw: string;
  /** Median IOPS of the trials that were not traced; null when there are none. */
  measured_iops: number | null;
  /** Whether system calls were traced, too. */
  full: boolean;
}
