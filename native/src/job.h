/* A job while it runs. Everything here is made before the barrier; the loop allocates nothing. */
#ifndef UB_JOB_H
#define UB_JOB_H

#include "clock.h"
#include "gen.h"
#include "ub_abi.h"

/* Kinds of operations: what is read, written, trimmed or synced is a part of an open file. */
struct ub_data_io {
    uint64_t offset;
    uint32_t file;
    uint32_t datasync; /* UB_OP_SYNC: fdatasync instead of fsync */
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
    };
};

enum ub_kind { UB_KIND_DATA, UB_KINDS };

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
    int32_t res; /* bytes or -errno */
};

struct ub_ctx {
    const struct ub_job *job;
    struct ub_arena *arena;
    struct ub_result *result;
    uint64_t *histograms; /* [UB_OPS][UB_LATS][UB_HIST_COUNTS] of this job */
    struct ub_clock clock;

    struct ub_slot *slots;
    uint32_t *free; /* stack of free slots */
    uint32_t nfree;
    uint32_t depth; /* slots: iodepth, or 1 for synchronous backends */
    struct ub_done *done;

    const struct ub_file *files;
    int *fds;
    struct ub_gen *gens; /* [nfiles][ngens] */
    uint32_t ngens;      /* 1, or UB_OPS when operations have their own position or block size */
    uint32_t nfiles;
    uint32_t file;      /* whose turn it is */
    uint64_t file_left; /* I/Os until the next file's turn */

    unsigned char *buffers;
    uint64_t buffer_stride;
    uint64_t buffers_bytes;

    uint64_t rng;      /* of operations and files; offsets have their own */
    uint64_t data_rng; /* of write data: how much of it is drawn depends on the backend's depth */
    uint64_t issued;
    uint64_t ios_left;
    uint64_t bytes_left;
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
    uint64_t ramp_end_ns; /* 0 when there is no ramp, or it is over */
    struct ub_usage usage_begin;
    void *private; /* the backend's */
};

/* What is asked of the kernel at once. */
struct ub_setup {
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
};

#define UB_FEATURES_MAX 24

/*
 * A backend: its facts, which tools/abi_gen.c hands on to TypeScript, and its functions.
 */
struct ub_ops {
    const char *name;
    uint32_t async;     /* 0: the loop runs at depth 1 */
    uint32_t has_slat;  /* submission is a call of its own that returns before completion is waited for */
    uint32_t has_pairs; /* two operations as one: ub_job.pair */
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
    void (*close)(struct ub_ctx *ctx);
};

const struct ub_ops *ub_backend_ops(uint32_t backend);
/* 0, or -EINVAL when it does not know one of these features, one misses what it needs, or two exclude each
 * other: then rule names them. */
int ub_features_check(const struct ub_ops *ops, uint64_t features, char rule[UB_STAGE_BYTES]);
const struct ub_operation *ub_operation(uint32_t op);

static inline unsigned char *ub_buffer(const struct ub_ctx *ctx, uint32_t slot)
{
    return ctx->buffers + slot * ctx->buffer_stride;
}

/* check.c: whether a job that TypeScript wrote can be run: 0, or -errno when the arena is not one or the job
 * is nonsense. */
int ub_jobs_check(const struct ub_arena *arena, uint32_t first, uint32_t count);

/* job.c: how many I/Os and bytes the job may still issue, when so many that are in flight count already. */
void ub_set_bounds(struct ub_ctx *ctx, uint64_t ios, uint64_t bytes);
/* Runs job index of the arena on this thread, from set-up to clean-up; the outcome is in its result.
 */
void ub_job_run(struct ub_arena *arena, uint32_t index);
/* Records the error that ends a job. */
void ub_job_fail(struct ub_result *result, int error, const char *stage, uint32_t file);

/* files.c */
int ub_files_open(struct ub_ctx *ctx, const char **stage, uint32_t *file);
int ub_files_sync(struct ub_ctx *ctx, uint32_t *file);
void ub_files_close(struct ub_ctx *ctx);
int ub_trim(int fd, uint64_t offset, uint64_t len);
/* Whether this kernel knows RWF_* flags that are newer than 6.9: 0, or -EOPNOTSUPP. */
int ub_rw_flags_known(uint32_t flags);

/* buffers.c */
int ub_buffers_open(struct ub_ctx *ctx);
void ub_buffers_close(struct ub_ctx *ctx);
/* New data in the first len bytes of a write buffer, compressible as asked. */
void ub_buffer_fill(struct ub_ctx *ctx, unsigned char *to, uint64_t len);

/* measure.c: the window and what is counted in it. Whether the kernel says what a thread used: 0 or -errno.
 */
int ub_measure_possible(void);
void ub_measure_arrive(struct ub_ctx *ctx);
void ub_measure_begin(struct ub_ctx *ctx);
void ub_measure_ramp_over(struct ub_ctx *ctx);
void ub_measure_end(struct ub_ctx *ctx);
void ub_measure_leave(struct ub_ctx *ctx);
void ub_result_clear(struct ub_ctx *ctx);

/* futex.c: bounded waits on a word that other threads or processes write. */
void ub_futex_wait(uint32_t *word, uint32_t while_value);
void ub_futex_wake(uint32_t *word);

#endif
