/** The article's tables, number by number (ScyllaDB, 2020). Canonical names of variants, so that results find them. */
import type { ArticleTable } from '../../results/schema-report.ts';

const ENHANCED = 'io_uring+fixedbufs+registerfiles';

export interface PublishedRow {
  variant: string;
  label: string;
  iops: number;
  ctx: number;
  /** Against io_uring, as printed there. */
  pct: number | null;
}

/** Tables 1 and 2. */
export const publishedRows: Readonly<Record<'table1' | 'table2', readonly PublishedRow[]>> = {
  table1: [
    { variant: 'sync', label: 'sync', iops: 814_000, ctx: 27_625_004, pct: -42.6 },
    { variant: 'posix-aio', label: 'posix-aio', iops: 433_000, ctx: 64_112_335, pct: -69.4 },
    { variant: 'linux-aio', label: 'linux-aio', iops: 1_322_000, ctx: 10_114_149, pct: -6.7 },
    { variant: 'io_uring', label: 'io_uring', iops: 1_417_000, ctx: 11_309_574, pct: null },
    { variant: ENHANCED, label: 'io_uring+enhanced', iops: 1_486_000, ctx: 11_483_468, pct: 4.9 },
  ],
  table2: [
    { variant: 'sync', label: 'sync', iops: 4_906_000, ctx: 105_797, pct: -2.3 },
    { variant: 'posix-aio', label: 'posix-aio', iops: 1_070_000, ctx: 114_791_187, pct: -78.7 },
    { variant: 'linux-aio', label: 'linux-aio', iops: 4_127_000, ctx: 105_052, pct: -17.9 },
    { variant: 'io_uring', label: 'io_uring', iops: 5_024_000, ctx: 106_683, pct: null },
  ],
};

export interface PublishedMetric {
  /** As the article calls it. */
  name: string;
  /** The metric of a trial (compare/metrics.ts). */
  metric: string;
  linuxAio: number;
  ioUring: number;
}

/** Table 3: throughput in MB/s (10^6), latencies in microseconds. */
export const publishedMetrics: readonly PublishedMetric[] = [
  { name: 'Throughput', metric: 'bw', linuxAio: 330, ioUring: 346 },
  { name: 'Lat average', metric: 'lat_mean', linuxAio: 1549, ioUring: 1470 },
  { name: 'Lat quantile=0.5', metric: 'lat_p50', linuxAio: 1547, ioUring: 1468 },
  { name: 'Lat quantile=0.95', metric: 'lat_p95', linuxAio: 1694, ioUring: 1558 },
  { name: 'Lat quantile=0.99', metric: 'lat_p99', linuxAio: 1703, ioUring: 1613 },
  { name: 'Lat quantile=0.999', metric: 'lat_p99.9', linuxAio: 1950, ioUring: 1674 },
  { name: 'Lat max', metric: 'lat_max', linuxAio: 2177, ioUring: 1829 },
];

export const articleTitles: Readonly<Record<ArticleTable, string>> = {
  table1: "The article's table 1, direct I/O, and this machine's",
  table2: "The article's table 2, hot page cache, and this machine's",
  table3: "The article's table 3, one CPU and 1000 reads in flight, and this machine's",
};
