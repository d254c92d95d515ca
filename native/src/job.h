/* A job while it runs. Everything here is made before the barrier; the loop allocates nothing. */
#ifndef UB_JOB_H
#define UB_JOB_H

#include "clock.h"
#include "gen.h"
#include "mark.h"
#include "rate.h"
#include "ub_abi.h"

/* Kinds of operations: what is read, written, trimmed or synced is a part of an open file. */
struct ub_data_io {
    uint64_t offset;
    uint32_t file;
    uint32_t datasync; /* UB_OP_SYNC: fdatasync instead of fsync */
};

/* Kinds of operations: what is made, renamed, removed... is an item of the job's tree, by its number. */
struct ub_meta_io {
    uint64_t item;
};

/*
 * One operation in flight. Its index is also that of its buffer and of the backend's own per-operation
 * object. `op` is the tag of the union: ub_operation(op)->kind says which member it is. A job does operations
 * of one kind.
 */
struct ub_slot {
    uint64_t start_ns;
    uint64_t submit_ns; /* when the call that submitted it had returned; backends with slat only */
    uint32_t op;        /* UB_OP_* */
    uint32_t len;       /* what it returns when all of it was done: bytes, 0 where success is 0 */
    union {
        struct ub_data_io data;
        struct ub_meta_io meta;
    };
};

enum ub_kind { UB_KIND_DATA, UB_KIND_META, UB_KINDS };

/* What is known of an operation; its row of the one table is in loop.c. */
struct ub_operation {
    const char *name; /* as stages and errors call it */
    enum ub_kind kind;
    uint32_t continue_flag; /* UB_FLAG_CONTINUE_*: with it an error of it does not end the job */
};

#define UB_SYNC_FILE 1u
#define UB_SYNC_DATA 2u

struct ub_done {
    uint32_t slot;
    int32_t res; /* bytes or -errno; UB_NOT_BEGUN: the run ended before it began, so it counts as nothing */
};
#define UB_NOT_BEGUN INT32_MIN

/* A counter at one moment. */
struct ub_counted {
    uint64_t value;
    uint64_t enabled_ns; /* for so long it was to count, */
    uint64_t running_ns; /* and so long it did: less when others had the hardware */
};

struct ub_ctx {
    const struct ub_job *job;
    struct ub_arena *arena;
    struct ub_result *result;
    uint64_t *histograms; /* [UB_HIST_OPS][UB_LATS][UB_HIST_COUNTS] of this job */
    struct ub_clock clock;

    struct ub_slot *slots;
    uint32_t *free; /* stack of free slots */
    uint32_t nfree;
    uint32_t depth; /* slots: iodepth, or 1 for synchronous backends */
    struct ub_done *done;

    const struct ub_file *files;
    int *fds;
    struct ub_tree *tree; /* meta.h; NULL where operations move data */
    struct ub_gen *gens;  /* [nfiles][ngens]; of a tree one, of its items */
    uint32_t ngens;       /* 1, or UB_HIST_OPS when operations have their own position or block size */
    uint32_t nfiles;
    uint32_t file;      /* whose turn it is */
    uint64_t file_left; /* I/Os until the next file's turn */

    unsigned char *buffers;
    uint64_t buffer_stride;
    uint64_t buffers_bytes;

    uint64_t rng;      /* of operations and files; offsets have their own */
    uint64_t data_rng; /* of write data: how much of it is drawn depends on the backend's depth */
    uint64_t issued;
    uint64_t ios_left;    /* of this pass */
    uint64_t bytes_left;  /* of this pass */
    uint64_t later_ios;   /* of the passes after it */
    uint64_t later_bytes; /* of the passes after it */
    uint64_t writes_issued;
    uint32_t pending_sync; /* UB_SYNC_*: queued before the next I/O */
    uint32_t hooks;        /* whether any of UB_HOOK_* is on: the loop tests this once an I/O */
    int failed;            /* the first error, which ends the job */
    uint32_t withdrawn;    /* by submit or reap with an error: prepared I/Os that the kernel will never see */
    uint32_t stuck_tries;  /* calls in a row that did nothing (ub_loop_patience), */
    uint64_t stuck_ns;     /* since when, */
    uint64_t stuck_done;   /* and what was done then */
    uint64_t lost_ns;      /* when waiting for completions first failed */
    uint64_t begin_ns;
    uint64_t deadline_ns;
    uint64_t look_ns;     /* when the loop next looks at what is rare (ub_loop_look); 0: in each turn */
    uint64_t looked_ns;   /* when it did last, */
    uint64_t looked_done; /* and what was done then */
    uint64_t quiet_ns;    /* when it last saw that something had been done */
    uint64_t ramp_end_ns; /* 0 when there is no ramp, or it is over */
    struct ub_usage usage_begin;
    int counter; /* descriptor; -1: nothing is counted */
    struct ub_counted counted_begin;
    uint64_t paused_cpu_ns; /* CPU time of pauses since then */
    struct ub_marks marks;
    void *private;       /* the backend's */
    struct ub_rate rate; /* of an open loop */
    uint64_t *responses; /* [UB_HIST_OPS][UB_HIST_COUNTS] of this job, as well */
};

/* What is asked of the kernel at once. */
struct ub_setup {
    uint32_t op_mask;
    uint32_t depth;
    uint32_t jobs;
    uint64_t buffer_bytes; /* of one job */
};

/* A feature of a backend and what it takes; bits of ub_job.features. */
struct ub_feature {
    const char *name;
    uint64_t bit;
    uint64_t needs;    /* all of these */
    uint64_t excludes; /* none of these; stated on one side only */
    uint32_t kinds;    /* of operations that it is for, bits 1 << UB_KIND_*; 0: those that move data */
};
#define UB_ANY_KIND ((1u << UB_KINDS) - 1)

#define UB_FEATURES_MAX 32

/*
 * A backend: its facts, which tools/abi_gen.c hands on to TypeScript, and its functions.
 */
struct ub_ops {
    const char *name;
    uint32_t async;     /* 0: the loop runs at depth 1 */
    uint32_t has_slat;  /* submission is a call of its own that returns before completion is waited for */
    uint32_t has_pairs; /* operations that follow each other as one: ub_job.pair */
    uint32_t syscalls_exact;                     /* all system calls made for I/O are counted */
    uint32_t stack_per_io;                       /* bytes of the job's stack that each I/O in flight takes */
    uint32_t op_mask;                            /* operations that it can do */
    struct ub_feature features[UB_FEATURES_MAX]; /* ended by bit 0 */
    /* Whether the kernel lets it work: 0 or -errno with *stage. */
    int (*probe)(uint64_t features, const struct ub_setup *setup, const char **stage);
    /* Set-up after files and buffers are there: 0 or -errno with *stage. */
    int (*open)(struct ub_ctx *ctx, const char **stage);
    /* The loop until its end, drained: 0 or -errno with *stage. */
    int (*run)(struct ub_ctx *ctx, const char **stage);
    /* The same of an open loop (rated.h), of operations that move data. NULL: it has none. */
    int (*run_rated)(struct ub_ctx *ctx, const char **stage);
    /* What it has counted by itself so far does not count: the window begins now. NULL: it does not. */
    void (*recount)(struct ub_ctx *ctx);
    /* With nothing in flight: lets go of cached pages, so that they can be dropped. NULL: it holds none. */
    void (*let_go)(struct ub_ctx *ctx);
    void (*close)(struct ub_ctx *ctx);
};

const struct ub_ops *ub_backend_ops(uint32_t backend);
/* 0, or -EINVAL when it does not know one of these features, one misses what it needs, is not for these
 * operations, or two exclude each other: then rule names them. */
int ub_features_check(const struct ub_ops *ops, uint64_t features, uint32_t op_mask,
                      char rule[UB_STAGE_BYTES]);
const struct ub_operation *ub_operation(uint32_t op);

/* Histograms of an operation, one a latency (UB_LAT_*). */
static inline uint64_t *ub_histograms(const struct ub_ctx *ctx, uint32_t op)
{
    return ctx->histograms + (uint64_t)(op % UB_HIST_OPS) * UB_LATS * UB_HIST_COUNTS;
}

/* The one of its responses, in an open loop. */
static inline uint64_t *ub_responses(const struct ub_ctx *ctx, uint32_t op)
{
    return ctx->responses + (uint64_t)(op % UB_HIST_OPS) * UB_HIST_COUNTS;
}

static inline unsigned char *ub_buffer(const struct ub_ctx *ctx, uint32_t slot)
{
    return ctx->buffers + slot * ctx->buffer_stride;
}

/* check.c: whether a job that TypeScript wrote can be run: 0, or -errno when the arena is not one or the job
 * is nonsense. */
int ub_jobs_check(const struct ub_arena *arena, uint32_t first, uint32_t count);

/* passes.c: how many I/Os and bytes the job may still issue, when so many that are in flight count already.
 */
void ub_set_bounds(struct ub_ctx *ctx, uint64_t ios, uint64_t bytes);
/* How many it may issue at first; in a ramp as many as it can. */
void ub_first_pass(struct ub_ctx *ctx);
/* The loop until its end, pass by pass: 0 or -errno with *stage. */
int ub_run_passes(struct ub_ctx *ctx, const struct ub_ops *ops, const char **stage);
/* The backend null opens none. */
static inline int ub_has_files(const struct ub_job *job)
{
    return job->backend != UB_BACKEND_NULL;
}
/* Runs job index of the arena on this thread, from set-up to clean-up; the outcome is in its result.
 */
void ub_job_run(struct ub_arena *arena, uint32_t index);
/* The same without naming the thread ub-job-N, by which whoever looks on knows a run's jobs. */
void ub_job_run_unnamed(struct ub_arena *arena, uint32_t index);
/* The clock that all jobs of an arena go by. */
static inline struct ub_clock ub_arena_clock(const struct ub_arena *arena)
{
    return (struct ub_clock){
        .kind = arena->clock, .base = arena->tsc_base, .mult = arena->tsc_mult, .hz = arena->tsc_hz};
}

/* Records the error that ends a job. */
void ub_job_fail(struct ub_result *result, int error, const char *stage, uint32_t file);

/* files.c */
int ub_files_open(struct ub_ctx *ctx, const char **stage, uint32_t *file);
int ub_files_sync(struct ub_ctx *ctx, uint32_t *file);
int ub_files_invalidate(struct ub_ctx *ctx, uint32_t *file);
void ub_files_close(struct ub_ctx *ctx);
int ub_trim(int fd, uint64_t offset, uint64_t len);
/* Whether this kernel knows RWF_* flags that are newer than 6.9: 0, or -EOPNOTSUPP. */
int ub_rw_flags_known(uint32_t flags);

/* buffers.c */
int ub_buffers_open(struct ub_ctx *ctx, const char **stage);
/* Bytes from one slot's buffer to the next. */
uint64_t ub_buffer_stride(const struct ub_job *job);
/* New memory of this process in huge pages of UB_HUGE_PAGE, of which bytes is a multiple -> 0 or -errno;
 * -ENOMEM: so many are not free (vm.nr_hugepages). */
#define UB_HUGE_PAGE (UINT64_C(2) << 20)
int ub_map_huge(uint64_t bytes, void **memory);
/* The same, or memory that may get huge pages when it is large enough for them: a wish. */
int ub_map_memory(uint64_t bytes, int huge, void **memory);
static inline uint64_t ub_page_for(uint64_t bytes, int huge)
{
    return huge || bytes >= UB_HUGE_PAGE ? UB_HUGE_PAGE : 4096;
}
static inline uint64_t ub_whole_pages(uint64_t bytes, uint64_t page)
{
    return (bytes + page - 1) / page * page;
}
void ub_buffers_close(struct ub_ctx *ctx);
/* New data in the first len bytes of a write buffer, compressible as asked. */
void ub_buffer_fill(struct ub_ctx *ctx, unsigned char *to, uint64_t len);

/* measure.c: the window and what is counted in it. Whether the kernel says what a thread used: 0 or -errno.
 */
int ub_measure_possible(void);
void ub_measure_arrive(struct ub_ctx *ctx);
void ub_measure_begin(struct ub_ctx *ctx);
void ub_measure_ramp_over(struct ub_ctx *ctx);
/* What a job does between a pause and its resumption is outside the window: neither its time nor its CPU
 * counts. */
struct ub_pause {
    uint64_t begin_ns;
    uint64_t cpu_ns;
    struct ub_usage usage;
    struct ub_counted counted;
};
struct ub_pause ub_measure_pause(struct ub_ctx *ctx);
void ub_measure_resume(struct ub_ctx *ctx, const struct ub_pause *pause);
void ub_measure_end(struct ub_ctx *ctx);
void ub_measure_leave(struct ub_ctx *ctx);
void ub_result_clear(struct ub_ctx *ctx);

/* counter.c: a counter of this thread and what it starts -> its descriptor or -errno (ENOENT: no hardware).
 */
int ub_counter_open(uint32_t count);
int ub_counter_read(int fd, struct ub_counted *out);
/* What was counted since -> 0, -EBUSY when the counter was not there all the time, -errno. */
int ub_counter_since(int fd, const struct ub_counted *begin, uint64_t *counted);

/* futex.c: bounded waits on a word that other threads or processes write. */
void ub_futex_wait(uint32_t *word, uint32_t while_value);
void ub_futex_wake(uint32_t *word);

#endif
