/*
 * The memory layout that TypeScript and C share: one arena (a memfd) per run of one backend.
 * src/native/abi.ts is generated from this file by tools/abi_gen.c; `npm run generate -- --check` fails when
 * it is stale. Only fixed-width integers and doubles; every struct is 8-byte aligned without hidden padding.
 *
 *   ub_arena | ub_job x njobs | ub_process x nprocesses | ub_result x njobs | histograms | file tables and
 * paths
 */
#ifndef UB_ABI_H
#define UB_ABI_H

#include <stdint.h>

#define UB_ABI_VERSION 12
#define UB_MAGIC       0x55424e43u /* "UBNC" */
#define UB_VERSION     "0.1.0"

/* Backends. */
#define UB_BACKEND_SYNC       0u
#define UB_BACKEND_POSIX_AIO  1u
#define UB_BACKEND_LINUX_AIO  2u
#define UB_BACKEND_IO_URING   3u
#define UB_BACKEND_NULL       4u
#define UB_BACKEND_THREADPOOL 5u
#define UB_BACKEND_MMAP       6u
#define UB_BACKENDS           7u

/* Features: bits of ub_job.features; each backend knows its own. */
#define UB_FEATURE_REGISTERFILES (1u << 0)
#define UB_FEATURE_FIXEDBUFS     (1u << 1)
#define UB_FEATURE_VECTORED      (1u << 2)
#define UB_FEATURE_REGISTERRING  (1u << 3)
#define UB_FEATURE_COOP_TASKRUN  (1u << 4)
#define UB_FEATURE_SINGLE_ISSUER (1u << 5)
#define UB_FEATURE_DEFER_TASKRUN (1u << 6)
#define UB_FEATURE_NO_SQARRAY    (1u << 7)
#define UB_FEATURE_IOPOLL        (1u << 8)
#define UB_FEATURE_HYBRID_IOPOLL (1u << 9)
#define UB_FEATURE_SQPOLL        (1u << 10)
#define UB_FEATURE_FORCE_ASYNC   (1u << 11)
#define UB_FEATURE_UNCACHED      (1u << 12)
#define UB_FEATURE_NOWAIT        (1u << 13)
#define UB_FEATURE_ATOMIC        (1u << 14)
#define UB_FEATURE_LINKED        (1u << 15)
#define UB_FEATURE_CQE_SKIP      (1u << 16)
#define UB_FEATURE_NO_MMAP       (1u << 17)
#define UB_FEATURE_BIG_RINGS     (1u << 18)
#define UB_FEATURE_PASSTHROUGH   (1u << 19)
#define UB_FEATURE_USER_REAP     (1u << 20)
#define UB_FEATURE_EVENTFD       (1u << 21)
#define UB_FEATURE_HIPRI         (1u << 22)
#define UB_FEATURE_SPIN          (1u << 23)
#define UB_FEATURE_DIRECTFILES   (1u << 24)
#define UB_FEATURE_DSYNC         (1u << 25)
#define UB_FEATURE_REG_WAIT      (1u << 26)
#define UB_FEATURE_NO_IOWAIT     (1u << 27)
#define UB_FEATURE_CQE_MIXED     (1u << 28)
#define UB_FEATURE_HUGEPAGES     (1u << 29)
#define UB_FEATURE_POPULATE      (1u << 30)
#define UB_FEATURE_TIMEOUT       (1u << 31)
#define UB_FEATURE_MIN_WAIT      (UINT64_C(1) << 32)
#define UB_FEATURE_SQ_REWIND     (UINT64_C(1) << 33)
#define UB_FEATURE_CLONE_BUFFERS (UINT64_C(1) << 34)

/* Operations; also the index of per-operation results. */
#define UB_OP_READ  0u
#define UB_OP_WRITE 1u
#define UB_OP_TRIM  2u
#define UB_OP_SYNC  3u
/* Of names and lengths, in a tree of small files (meta.h). */
#define UB_OP_CREATE    4u
#define UB_OP_STAT      5u
#define UB_OP_OPEN      6u /* and close */
#define UB_OP_RENAME    7u
#define UB_OP_LINK      8u
#define UB_OP_UNLINK    9u
#define UB_OP_MKDIR     10u
#define UB_OP_RMDIR     11u
#define UB_OP_FALLOCATE 12u
#define UB_OP_FTRUNCATE 13u
/* Of whole small files: open, read all, close (whole.h). */
#define UB_OP_WHOLEFILE 14u
#define UB_OPS          15u
/* A job has histograms of so many operations: op's are those of op % UB_HIST_OPS. It does either data
 * operations, each of which has its own, or one of the others. */
#define UB_HIST_OPS 4u

/* Latencies; also the index of a histogram inside an operation. */
#define UB_LAT_TOTAL  0u /* fio's lat: queued to reaped */
#define UB_LAT_SUBMIT 1u /* fio's slat */
#define UB_LAT_DONE   2u /* fio's clat */
#define UB_LATS       3u
/* Of an open loop, kept beside those: due to reaped. There UB_LAT_TOTAL is what the I/O took once it was
 * sent. */
#define UB_LAT_RESPONSE 3u

/* Where random offsets come from. */
#define UB_DIST_SEQUENTIAL 0u
#define UB_DIST_RANDOM     1u /* each block once per pass, unless UB_FLAG_NORANDOMMAP */
#define UB_DIST_ZIPF       2u /* param: theta */
#define UB_DIST_PARETO     3u /* param: h */
#define UB_DIST_NORMAL     4u /* param: deviation, % of the file */

#define UB_SERVICE_ROUNDROBIN 0u
#define UB_SERVICE_RANDOM     1u
#define UB_SERVICE_SEQUENTIAL 2u

/* How the arrivals of an open loop follow each other. */
#define UB_RATE_LINEAR    0u
#define UB_RATE_POISSON   1u
#define UB_RATE_PROCESSES 2u

/* What the kernel is told of how a buffered file will be read. */
#define UB_FADVISE_NONE       0u
#define UB_FADVISE_RANDOM     1u
#define UB_FADVISE_SEQUENTIAL 2u

/* fio's fallocate: how room is made in a file. */
#define UB_ROOM_NONE     0u
#define UB_ROOM_NATIVE   1u /* fallocate(2), or nothing where the file system has none */
#define UB_ROOM_POSIX    2u /* posix_fallocate(3), which writes where the file system has none */
#define UB_ROOM_KEEP     3u /* as NATIVE, the file's length kept at 0 */
#define UB_ROOM_TRUNCATE 4u /* a hole of that length */
enum { UB_PURGE_DISCARD = 1, UB_PURGE_SECURE, UB_PURGE_FORMAT }; /* ub_purge */
/* Operations that make one I/O: each starts when the one before it has succeeded (chain.h). Counted as
 * writes. */
#define UB_PAIR_NONE            0u
#define UB_PAIR_WRITE_FDATASYNC 1u
#define UB_PAIR_READ_WRITE      2u /* of the same block */
#define UB_PAIR_DOUBLE_WRITE    3u /* elsewhere first, both flushed: a page is never torn for good */
#define UB_PAIRS                4u

/* ub_job.flags */
#define UB_FLAG_DIRECT         (1u << 0)
#define UB_FLAG_O_SYNC         (1u << 1)
#define UB_FLAG_O_DSYNC        (1u << 2)
#define UB_FLAG_END_FSYNC      (1u << 3)
#define UB_FLAG_INVALIDATE     (1u << 4)
#define UB_FLAG_PRE_READ       (1u << 5)
#define UB_FLAG_NORANDOMMAP    (1u << 6)
#define UB_FLAG_REFILL         (1u << 7)
#define UB_FLAG_ZERO_BUFFERS   (1u << 8)
#define UB_FLAG_PRIVATE_FDS    (1u << 9) /* the job is a thread among others: unshare its descriptor table */
#define UB_FLAG_CONTINUE_READ  (1u << 10)
#define UB_FLAG_CONTINUE_WRITE (1u << 11)
#define UB_FLAG_NOATIME        (1u << 12)
#define UB_FLAG_DIRECTORIES    (1u << 13) /* the items of a tree are directories */
#define UB_FLAG_CHECKSUM       (1u << 14) /* what is read of whole files must be what was laid out */

/* What a job has the kernel count in its window, for its thread and those that it starts. */
#define UB_COUNT_NONE         0u
#define UB_COUNT_INSTRUCTIONS 1u /* hardware's: user and kernel mode */
#define UB_COUNT_TASK_CLOCK   2u /* software's: nanoseconds of CPU time; for tests where there is no other */
#define UB_COUNTS             3u

/* States of a job, in this order. */
#define UB_STATE_NEW      0u
#define UB_STATE_READY    1u /* waits at the barrier */
#define UB_STATE_RUNNING  2u
#define UB_STATE_ENDED    3u /* out of its loop: jobs that come after it may begin */
#define UB_STATE_FINISHED 4u
#define UB_STATE_FAILED   5u

#define UB_CLOCK_MONOTONIC 0u
#define UB_CLOCK_TSC       1u

/*
 * HdrHistogram's own layout for 3 significant digits: 2048 sub-buckets, unit 1 ns, values below 2^42 ns
 * (73 min). Index of v: b = 53 - clz64(v | 2047); (b << 10) + (v >> b).
 */
#define UB_HIST_COUNTS ((31u + 2u) << 10)
#define UB_HIST_MAX    ((UINT64_C(1) << 42) - 1)

#define UB_MAX_CPUS    1024u
#define UB_MAX_ERRORS  8u
#define UB_STAGE_BYTES 48u
#define UB_SYSCALLS    23u
#define UB_HASHED_IOS  1024u /* that many first I/Os of a job go into ub_result.offsets_hash */

struct ub_file {
    uint64_t path;   /* offset of a NUL-terminated path in the arena */
    uint64_t offset; /* first byte used */
    uint64_t size;   /* bytes used */
    uint32_t kind;   /* 0 regular, 1 block, 2 character, 3 the directory that a tree is in */
    uint32_t known;  /* 1: what follows is what was checked, and anything else that has its name is refused */
    uint64_t dev;    /* of a regular file: st_dev and st_ino */
    uint64_t inode;
    uint64_t rdev;    /* of a device: st_rdev */
    uint64_t diskseq; /* of a block device: BLKGETDISKSEQ; 0: not known */
};

/* Of a tree. */
#define UB_ITEMS_MAX  (1u << 22)
#define UB_LEVELS_MAX 16u

/* What one job does: written by TypeScript, read only afterwards. */
struct ub_job {
    uint32_t backend;
    uint32_t flags;
    uint64_t features;
    uint32_t op_mask;  /* bits 1 << UB_OP_* */
    uint32_t read_pct; /* of I/Os, when op_mask has reads and writes */
    uint64_t bs[3];    /* by UB_OP_READ, WRITE, TRIM */
    uint32_t iodepth;
    uint32_t batch_submit;
    uint32_t batch_complete_min;
    uint32_t batch_complete_max;
    uint64_t max_ios;    /* 0: no bound */
    uint64_t max_bytes;  /* 0: no bound */
    uint64_t pass_bytes; /* after so many the files' cached pages are dropped again; 0: never */
    uint64_t runtime_ns; /* 0: no bound */
    uint64_t ramp_ns;
    uint64_t startdelay_ns;
    uint64_t thinktime_ns; /* after each I/O */
    uint64_t seed;
    double dist_param;
    uint32_t dist;
    uint32_t service;
    uint32_t service_batch;
    uint32_t fsync; /* after every that many writes; 0: never */
    uint32_t fdatasync;
    uint32_t compress_pct;
    int32_t nice;
    uint32_t aio_threads;
    uint32_t nfiles;
    uint32_t process; /* index of the ub_process that this job lives in */
    uint64_t files;   /* offset of ub_file[nfiles] in the arena */
    uint32_t ncpus;   /* bits set in cpus; 0: leave the affinity alone */
    uint32_t pair;    /* UB_PAIR_* */
    int32_t sq_cpu;   /* of the sqpoll thread; -1: any */
    uint32_t sq_idle_ms;
    uint32_t iowq_bounded; /* most io-wq workers for files and block devices; 0: the kernel's default */
    uint32_t iowq_unbounded;
    uint64_t null_delay_ns; /* backend null: what each I/O takes at least */
    uint64_t min_wait_us;   /* min_wait: batch_complete_min is waited for so long */
    uint32_t after_first;   /* begins when these jobs have ended: of another group */
    uint32_t after_count;   /* 0: with the others */
    uint32_t fadvise;       /* UB_FADVISE_* */
    uint32_t count;         /* UB_COUNT_* */
    uint32_t pool_threads;  /* backend threadpool */
    uint32_t owner;         /* of a tree's files: a part of their names, so that jobs can share a directory */
    uint64_t items; /* files or directories of its tree that it works on; 0: none, its operations move data */
    uint64_t item_bytes;      /* size of such a file, or the least of them: */
    uint64_t item_bytes_most; /* drawn up to this size; 0: all alike */
    uint64_t item_step;       /* sizes between are so far apart; 0: 1 */
    uint64_t tree_seed;       /* of sizes and content, the same in each trial */
    uint32_t dirs;            /* directories in each directory of the tree, */
    uint32_t levels;          /* to so many levels; items are in the last */
    double rate_iops;      /* I/Os are due so often a second, whatever is in flight; 0: as fast as they end */
    uint32_t rate_process; /* UB_RATE_* */
    uint32_t pad;
    uint64_t cpus[UB_MAX_CPUS / 64];
};

/* Use of CPU and scheduler, as getrusage counts it. */
struct ub_usage {
    uint64_t voluntary;
    uint64_t involuntary;
    uint64_t usr_ns;
    uint64_t sys_ns;
    uint64_t minor_faults; /* page faults without I/O; both of jobs alone, 0 of helpers */
    uint64_t major_faults; /* and with it */
};

struct ub_latency {
    uint64_t count;
    uint64_t min_ns; /* ~0 when count is 0 */
    uint64_t max_ns;
    uint64_t sum_ns;
    uint64_t over; /* samples above UB_HIST_MAX, counted in the last bucket */
};

struct ub_op_result {
    uint64_t ios; /* completed without error */
    uint64_t bytes;
    uint64_t short_ios;
    uint64_t pad;
    struct ub_latency lat[UB_LATS];
};

struct ub_error {
    uint32_t op;
    uint32_t error; /* positive errno */
    uint64_t count;
    uint64_t first_offset; /* or the number of a tree's item */
    uint32_t first_file;
    uint32_t pad;
};

/* What one job did: written by the job alone; the main thread reads ops[] while it runs. */
struct ub_result {
    uint32_t state;
    uint32_t error;      /* positive errno that ended the job; 0 */
    uint32_t error_file; /* index of the file it was about, ~0 if none */
    uint32_t nerrors;
    char stage[UB_STAGE_BYTES]; /* what was being done when error happened */
    uint32_t tid;
    uint32_t lost;       /* I/Os that the kernel took and whose end could not be waited for */
    uint32_t shared_fds; /* 1: it was to have a descriptor table of its own, which the kernel refused */
    uint32_t uncounted;  /* positive errno: counted is nothing, since the kernel could not count; 0 */
    uint64_t counted;    /* what ub_job.count names, inside the window */
    uint64_t begin_ns;   /* measured window, by the arena's clock */
    uint64_t end_ns;
    uint64_t offsets_hash; /* of the first UB_HASHED_IOS (op, file, offset) */
    uint64_t hashed_ios;
    uint64_t errors_total;
    uint64_t error_ns;     /* when the job saw the error that ended it, by the arena's clock; 0 */
    uint64_t carried_ns;   /* in flight before the window's begin: in lat, not in the window */
    uint64_t stalled_ns;   /* of the window, in stretches of UB_STALL_NS or more without any completion */
    struct ub_usage usage; /* of the job's thread, inside the window */
    uint64_t syscalls[UB_SYSCALLS]; /* by UB_SYS_*, inside the window */
    struct ub_op_result ops[UB_OPS];
    struct ub_error errors[UB_MAX_ERRORS];
    /* Of an open loop alone: from when an I/O was due, where UB_LAT_TOTAL is from when it was sent, */
    struct ub_latency response[UB_OPS];
    uint64_t unsent;    /* and I/Os that were due when the loop ended and had not been sent */
    uint32_t measuring; /* 1 once the window is on: what is counted is of it, and only grows */
    uint32_t pad;
};

/* What ub_calibrate says, in picoseconds. */
#define UB_CALIBRATED_SYSCALL 0u /* of a system call that does nothing */
#define UB_CALIBRATED_NULL    1u /* of an I/O of the backend null */
#define UB_CALIBRATED         2u

/* System calls that jobs count. */
#define UB_SYS_PREAD          0u
#define UB_SYS_PWRITE         1u
#define UB_SYS_PREADV2        2u
#define UB_SYS_PWRITEV2       3u
#define UB_SYS_IO_SUBMIT      4u
#define UB_SYS_IO_GETEVENTS   5u
#define UB_SYS_IO_URING_ENTER 6u
#define UB_SYS_FSYNC          7u
#define UB_SYS_FDATASYNC      8u
#define UB_SYS_IOCTL          9u
#define UB_SYS_EPOLL_WAIT     10u
#define UB_SYS_READ           11u
#define UB_SYS_FUTEX          12u
#define UB_SYS_OPENAT         13u
#define UB_SYS_CLOSE          14u
#define UB_SYS_STATX          15u
#define UB_SYS_RENAMEAT2      16u
#define UB_SYS_LINKAT         17u
#define UB_SYS_UNLINKAT       18u
#define UB_SYS_MKDIRAT        19u
#define UB_SYS_FALLOCATE      20u
#define UB_SYS_FTRUNCATE      21u
#define UB_SYS_MSYNC          22u

/* What a process adds to the use of its jobs: threads that are neither jobs nor the runtime's own. */
struct ub_process {
    uint32_t members;  /* jobs in this process */
    uint32_t arrived;  /* at the barrier */
    uint32_t finished; /* a futex: jobs out of their loop */
    uint32_t ramped;   /* 1 once a job has begun to measure again after ramp_time */
    uint32_t measured; /* a futex: 1 once helpers is valid */
    uint32_t pad;
    struct ub_usage helpers;
};

struct ub_arena {
    uint32_t magic;
    uint32_t abi_version;
    uint64_t size;
    uint32_t njobs;
    uint32_t nprocesses;
    uint64_t jobs; /* offsets of the arrays */
    uint64_t processes;
    uint64_t results;
    uint64_t histograms; /* [njobs][UB_HIST_OPS][UB_LATS][UB_HIST_COUNTS] of uint64_t */
    /* The clock: ns = ((cycles - tsc_base) * tsc_mult) >> 32, the same in all threads and processes. */
    uint32_t clock;
    int32_t explain_fd; /* of the map of marks (ub_explain.h), in who made the arena; -1: not traced */
    uint64_t tsc_base;
    uint64_t tsc_mult;
    uint64_t tsc_hz;
    uint64_t responses; /* [njobs][UB_HIST_OPS][UB_HIST_COUNTS] of uint64_t; 0: no job has a rate */
    uint64_t pad_line[4];
    /* Own cache lines: read in every loop, written once. */
    uint32_t stop; /* 1: end now and drain */
    uint32_t pad_stop[15];
    uint32_t arrived;  /* jobs at the barrier */
    uint32_t go;       /* a futex: 1 once all have arrived */
    uint64_t go_ns;    /* when */
    uint32_t finished; /* jobs that have returned */
    uint32_t pad_end[11];
};

#define UB_ASSERT(what) _Static_assert(what, #what)
UB_ASSERT(sizeof(struct ub_file) == 64);
UB_ASSERT(sizeof(struct ub_job) % 8 == 0);
UB_ASSERT(sizeof(struct ub_result) % 8 == 0);
UB_ASSERT(sizeof(struct ub_process) % 8 == 0);
UB_ASSERT(sizeof(struct ub_arena) % 64 == 0);
UB_ASSERT(__builtin_offsetof(struct ub_arena, stop) % 64 == 0);
UB_ASSERT(__builtin_offsetof(struct ub_arena, arrived) % 64 == 0);

#endif
