/* Set-up of the io_uring backend: opcodes, registrations, probes. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include "chain.h"
#include "source.h"
#include "uring.h"
#include "whole.h"

/* So many rings at a time does a probe open at the most. */
#define PROBE_RINGS 256u

void ub_uring_init_sqe(const struct uring *u, const struct ub_ctx *ctx, uint32_t slot,
                       struct io_uring_sqe *sqe)
{
    memset(sqe, 0, (size_t)1 << u->ring.sqe_shift);
    sqe->user_data = slot;
    sqe->flags = u->sqe_flags;
    sqe->rw_flags = (int)u->rw_flags;
    if (u->fixed_buffers) {
        sqe->buf_index = (uint16_t)(u->first_buffer + slot / u->slots_per_buffer);
        if (u->passthrough)
            sqe->rw_flags = UB_URING_CMD_FIXED; /* uring_cmd_flags */
    }
    if (u->vectored)
        u->iovecs[slot].iov_base = ub_buffer(ctx, slot);
}

/* Whether the kernel knows an opcode; where it would not say (a filter refuses to be asked), that is what
 * failed. */
static int need_op(const struct ub_ring *ring, uint8_t op, const char *name, const char **stage)
{
    int ret = ub_ring_has_op(ring, op);
    *stage = ret == 0 || ret == -EOPNOTSUPP || ret == -EINVAL ? name : "io_uring_register";
    return ret == -EINVAL ? -EOPNOTSUPP
                          : ret; /* before 5.6 there is neither the question nor such an opcode */
}

static int probe_buffers(const struct ub_ring *ring, const struct ub_setup *setup)
{
    uint64_t bytes = setup->buffer_bytes < UB_URING_BUFFER_MAX ? setup->buffer_bytes : UB_URING_BUFFER_MAX;
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return -errno;
    struct iovec iov = {.iov_base = p, .iov_len = bytes};
    int ret = ub_ring_register(ring, IORING_REGISTER_BUFFERS, &iov, 1);
    munmap(p, bytes); /* a ring that holds it keeps the pages pinned */
    return ret;
}

/* The requests of an operation of a tree. */
static int need_meta(const struct ub_ring *ring, uint32_t op, uint64_t features, const char **stage)
{
    int ret = need_op(ring, ub_uring_meta_opcode(op), ub_uring_meta_name(op), stage);
    if (ret == 0 && ub_uring_meta_opcode(op) == IORING_OP_OPENAT)
        ret = need_op(ring, IORING_OP_CLOSE, "IORING_OP_CLOSE", stage);
    if (ret < 0 || op != UB_OP_WHOLEFILE)
        return ret;
    *stage = "IORING_FEAT_LINKED_FILE"; /* else a read looks its slot up before the open has filled it */
    if (features & UB_FEATURE_LINKED && !(ring->features & UB_FEAT_LINKED_FILE))
        return -EOPNOTSUPP;
    return need_op(ring, IORING_OP_READ, "IORING_OP_READ", stage);
}

static int register_sparse(const struct ub_ring *ring, uint32_t n, const char **stage)
{
    int32_t *none = malloc(n * sizeof *none);
    *stage = "register files";
    if (!none)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++)
        none[i] = -1; /* a sparse table (5.5) */
    int ret = ub_ring_register(ring, IORING_REGISTER_FILES, none, n);
    free(none);
    return ret;
}

static int probe_meta(struct ub_ring *ring, uint32_t op, uint64_t features, const char **stage)
{
    int ret = need_meta(ring, op, features, stage);
    if (ret == 0 && features & UB_FEATURE_DIRECTFILES)
        ret = register_sparse(ring, 1, stage);
    if (ret == 0 && features & UB_FEATURE_REGISTERRING) {
        *stage = "register ring";
        ret = ub_ring_register_self(ring);
    }
    return ret;
}

static int probe_ring(struct ub_ring *ring, uint64_t features, const struct ub_setup *setup,
                      const struct ub_source *source, const char **stage)
{
    int ret = ub_uring_open_ring(ring, setup->depth, features, NULL, stage);
    if (ret == 0) {
        *stage = "io_uring_enter"; /* that does nothing: a filter may refuse it alone */
        ret = ub_ring_enter(ring, 0, 0, 0);
        if (ret == -EINTR)
            ret = 0;
    }
    uint32_t op = (uint32_t)__builtin_ctz(setup->op_mask);
    if (ret == 0 && ub_operation(op)->kind == UB_KIND_META)
        return probe_meta(ring, op, features, stage);
    if (ret == 0 && !(features & (UB_FEATURE_PASSTHROUGH | UB_FEATURE_VECTORED | UB_FEATURE_FIXEDBUFS)))
        ret = need_op(ring, IORING_OP_READ, "IORING_OP_READ", stage);
    if (ret == 0 && features & UB_FEATURE_FIXEDBUFS && features & UB_FEATURE_VECTORED)
        ret = need_op(ring, UB_OP_READV_FIXED, "IORING_OP_READV_FIXED", stage);
    if (ret == 0 && features & UB_FEATURE_FIXEDBUFS) {
        *stage = source ? "clone buffers" : "register buffers";
        ret = source ? ub_source_clone(source, ring) : probe_buffers(ring, setup);
    }
    if (ret == 0 && features & UB_FEATURE_REGISTERFILES) {
        const int32_t none = -1; /* a sparse table (5.5) */
        *stage = "register files";
        ret = ub_ring_register(ring, IORING_REGISTER_FILES, &none, 1);
    }
    if (ret == 0 && features & UB_FEATURE_REGISTERRING) {
        *stage = "register ring";
        ret = ub_ring_register_self(ring);
    }
    if (ret == 0 && features & UB_FEATURE_TIMEOUT)
        ret = need_op(ring, IORING_OP_TIMEOUT, "IORING_OP_TIMEOUT", stage);
    if (ret == 0 && features & UB_FEATURE_PASSTHROUGH)
        ret = need_op(ring, UB_OP_URING_CMD, "IORING_OP_URING_CMD", stage);
    return ret;
}

/* Of all jobs, beside their rings: mapping them takes the pages that nobody else can have then. */
static int probe_huge_buffers(const struct ub_setup *setup, const char **stage)
{
    void *p;
    uint64_t bytes;
    *stage = "map huge pages";
    if (__builtin_mul_overflow(ub_whole_pages(setup->buffer_bytes, UB_HUGE_PAGE), setup->jobs, &bytes))
        return -ENOMEM;
    int ret = ub_map_huge(bytes, &p);
    if (ret == 0)
        munmap(p, bytes);
    return ret;
}

/* That of all jobs, though there are fewer rings. */
static int probe_source(struct ub_source *source, uint64_t features, const struct ub_setup *setup,
                        const char **stage)
{
    struct ub_share *shares = calloc(setup->jobs, sizeof *shares);
    *source = (struct ub_source){.ring = {.fd = -1}};
    *stage = "allocate";
    if (!shares)
        return -ENOMEM;
    for (uint32_t i = 0; i < setup->jobs; i++)
        shares[i] = (struct ub_share){.stride = setup->buffer_bytes / setup->depth, .slots = setup->depth};
    int ret = ub_source_open(source, shares, setup->jobs, (features & UB_FEATURE_HUGEPAGES) != 0, stage);
    free(shares);
    return ret;
}

/* As many rings at a time as there will be jobs: locked memory is counted over all of them. */
static int probe_rings(uint64_t features, const struct ub_setup *setup, const struct ub_source *source,
                       const char **stage)
{
    /* A process can register 16 rings; each job's thread has its own 16, a probe has one thread. */
    uint32_t most = features & UB_FEATURE_REGISTERRING ? 16 : PROBE_RINGS;
    uint32_t n = setup->jobs < most ? setup->jobs : most, opened = 0;
    struct ub_ring *rings = calloc(n, sizeof *rings);
    int ret = rings ? 0 : -ENOMEM;
    while (ret == 0 && opened < n)
        ret = probe_ring(&rings[opened++], features, setup, source, stage);
    if (ret == 0 && features & UB_FEATURE_HUGEPAGES && !source)
        ret = probe_huge_buffers(setup, stage);
    while (opened > 0)
        ub_ring_close(&rings[--opened]);
    free(rings);
    return ret;
}

int ub_uring_probe(uint64_t features, const struct ub_setup *setup, const char **stage)
{
    struct ub_source source;
    if (!(features & UB_FEATURE_CLONE_BUFFERS))
        return probe_rings(features, setup, NULL, stage);
    int ret = probe_source(&source, features, setup, stage);
    if (ret == 0)
        ret = probe_rings(features, setup, &source, stage);
    ub_source_close(&source);
    return ret;
}

static int register_buffers(struct uring *u, const struct ub_ctx *ctx)
{
    u->slots_per_buffer = ub_slots_each(ctx->buffer_stride, ctx->depth);
    if (u->slots_per_buffer == 0)
        return -E2BIG; /* a single block is more than the kernel registers as one buffer */
    uint32_t n = ub_slot_iovecs(ctx->buffers, ctx->buffer_stride, ctx->depth, NULL);
    struct iovec *iov = calloc(n, sizeof *iov);
    if (!iov)
        return -ENOMEM;
    ub_slot_iovecs(ctx->buffers, ctx->buffer_stride, ctx->depth, iov);
    int ret = ub_ring_register(&u->ring, IORING_REGISTER_BUFFERS, iov, n);
    free(iov);
    return ret;
}

static int clone_buffers(struct uring *u, const struct ub_ctx *ctx, const char **stage)
{
    const struct ub_share *share;
    int ret = ub_source_share(ctx, &share, stage);
    if (ret < 0)
        return ret;
    u->slots_per_buffer = ub_slots_each(ctx->buffer_stride, ctx->depth);
    u->first_buffer = share->first;
    *stage = "clone buffers";
    return ub_source_give(&u->ring);
}

static int register_all(struct uring *u, struct ub_ctx *ctx, const char **stage)
{
    const struct ub_job *job = ctx->job;
    int ret = 0;
    if (job->features & UB_FEATURE_FIXEDBUFS) {
        *stage = "register buffers";
        ret = job->features & UB_FEATURE_CLONE_BUFFERS ? clone_buffers(u, ctx, stage)
                                                       : register_buffers(u, ctx);
        u->fixed_buffers = 1;
    }
    if (ret == 0 && job->features & UB_FEATURE_REGISTERFILES) {
        *stage = "register files";
        ret = ub_ring_register(&u->ring, IORING_REGISTER_FILES, ctx->fds, ctx->nfiles);
        u->sqe_flags |= IOSQE_FIXED_FILE;
    }
    if (ret == 0 && job->features & UB_FEATURE_REGISTERRING) {
        *stage = "register ring";
        ret = ub_ring_register_self(&u->ring);
    }
    if (ret == 0 && (job->iowq_bounded || job->iowq_unbounded)) {
        uint32_t workers[2] = {job->iowq_bounded, job->iowq_unbounded};
        *stage = "limit io-wq workers";
        ret = ub_ring_register(&u->ring, UB_REGISTER_IOWQ_MAX_WORKERS, workers, 2);
    }
    return ret;
}

static int open_namespaces(struct uring *u, const struct ub_ctx *ctx, const char **stage)
{
    *stage = "allocate";
    u->passthrough = 1;
    u->namespaces = calloc(ctx->nfiles, sizeof *u->namespaces);
    if (!u->namespaces)
        return -ENOMEM;
    *stage = "identify NVMe namespace";
    for (uint32_t f = 0; f < ctx->nfiles; f++) {
        int ret = ub_nvme_identify(ctx->fds[f], &u->namespaces[f]);
        if (ret < 0)
            return ret;
    }
    return 0;
}

/* A read and a write: by one address or an iovec, in any memory or in that of a registered buffer. */
static int choose_opcodes(struct uring *u, uint64_t features, const char **stage)
{
    static const struct {
        uint8_t read, write;
        const char *newer; /* the read's name where 5.1 did not have it */
    } opcodes[2][2] = {
        {{IORING_OP_READ, IORING_OP_WRITE, "IORING_OP_READ"},
         {IORING_OP_READ_FIXED, IORING_OP_WRITE_FIXED, NULL}},
        {{IORING_OP_READV, IORING_OP_WRITEV, NULL},
         {UB_OP_READV_FIXED, UB_OP_WRITEV_FIXED, "IORING_OP_READV_FIXED"}},
    };
    int vectored = u->vectored, fixed = (features & UB_FEATURE_FIXEDBUFS) != 0;
    u->opcode[UB_OP_READ] = opcodes[vectored][fixed].read;
    u->opcode[UB_OP_WRITE] = opcodes[vectored][fixed].write;
    const char *newer = opcodes[vectored][fixed].newer;
    return newer ? need_op(&u->ring, opcodes[vectored][fixed].read, newer, stage) : 0;
}

static int choose_operations(struct uring *u, const struct ub_ctx *ctx, const char **stage)
{
    const struct ub_job *job = ctx->job;
    uint64_t features = job->features;
    u->rw_flags = (features & UB_FEATURE_UNCACHED ? UB_RWF_DONTCACHE : 0) |
                  (features & UB_FEATURE_NOWAIT ? UB_RWF_NOWAIT : 0) |
                  (features & UB_FEATURE_ATOMIC ? UB_RWF_ATOMIC : 0) |
                  (features & UB_FEATURE_DSYNC ? UB_RWF_DSYNC : 0);
    if (features & UB_FEATURE_FORCE_ASYNC)
        u->sqe_flags |= IOSQE_ASYNC;
    if (features & UB_FEATURE_PASSTHROUGH)
        return open_namespaces(u, ctx, stage);
    u->vectored = (features & UB_FEATURE_VECTORED) != 0;
    int ret = choose_opcodes(u, features, stage);
    if (ret < 0)
        return ret;
    *stage = "IORING_OP_URING_CMD discard";
    return job->op_mask & (1u << UB_OP_TRIM) ? ub_ring_has_op(&u->ring, UB_OP_URING_CMD) : 0;
}

/* A chain takes an sqe for each step and, linked, a place for what came of them. */
static int set_chain(struct uring *u, const struct ub_ctx *ctx)
{
    uint64_t features = ctx->job->features;
    u->chain = ub_chain_of(ctx->job->pair);
    if (!u->chain)
        return 0;
    u->linked = (features & UB_FEATURE_LINKED) != 0;
    u->before_flags = (uint8_t)((u->linked ? IOSQE_IO_LINK : 0u) |
                                (features & UB_FEATURE_CQE_SKIP ? UB_SQE_CQE_SKIP_SUCCESS : 0u));
    u->chained = calloc(ctx->depth, sizeof *u->chained);
    return u->chained ? 0 : -ENOMEM;
}

/* Requests that an I/O takes at most. */
static uint32_t requests_each(const struct ub_ctx *ctx)
{
    const struct ub_chain *chain = ub_chain_of(ctx->job->pair);
    if (ctx->tree)
        return ctx->tree->op == UB_OP_WHOLEFILE ? UB_WHOLE_REQUESTS : 2;
    return chain ? chain->n : 1;
}

static int choose_meta(struct uring *u, const struct ub_ctx *ctx, const char **stage)
{
    uint64_t features = ctx->job->features;
    if (features & UB_FEATURE_FORCE_ASYNC)
        u->sqe_flags |= IOSQE_ASYNC;
    *stage = "linked without directfiles"; /* the descriptor to be closed is not known */
    if (features & UB_FEATURE_LINKED && !(features & UB_FEATURE_DIRECTFILES))
        return -EINVAL;
    int ret = need_meta(&u->ring, ctx->tree->op, features, stage);
    if (ret == 0 && features & UB_FEATURE_DIRECTFILES) {
        u->direct_files = 1;
        ret = register_sparse(&u->ring, ctx->depth, stage);
    }
    return ret;
}

/* open and create take two sqes, and a place for the first result. */
static int set_meta(struct uring *u, const struct ub_ctx *ctx)
{
    u->linked = (ctx->job->features & UB_FEATURE_LINKED) != 0;
    u->first_res = calloc(ctx->depth, sizeof *u->first_res);
    if (ctx->tree->op == UB_OP_WHOLEFILE && !(u->whole = ub_whole_ios(ctx->depth)))
        return -ENOMEM;
    return u->first_res ? 0 : -ENOMEM;
}

int ub_uring_open(struct ub_ctx *ctx, const char **stage)
{
    struct uring *u = calloc(1, sizeof *u);
    const struct ub_job *job = ctx->job;
    ctx->private = u;
    *stage = "allocate";
    if (!u)
        return -ENOMEM;
    u->ring.fd = -1;
    uint32_t entries = ctx->depth * requests_each(ctx);
    int ret = ub_uring_open_ring(&u->ring, entries, job->features, job, stage);
    if (ret == 0)
        ret = ctx->tree ? choose_meta(u, ctx, stage) : choose_operations(u, ctx, stage);
    if (ret == 0)
        ret = register_all(u, ctx, stage);
    if (ret < 0)
        return ret;
    *stage = "allocate";
    ret = ctx->tree ? set_meta(u, ctx) : set_chain(u, ctx);
    if (ret == 0)
        ret = ub_uring_set_thinking(u, ctx);
    if (ret < 0 || (u->vectored && !(u->iovecs = calloc(ctx->depth, sizeof *u->iovecs))))
        return -ENOMEM;
    u->sqpoll = (u->ring.flags & IORING_SETUP_SQPOLL) != 0;
    u->min_wait = job->features & UB_FEATURE_MIN_WAIT && !u->sqpoll; /* there reap is what waits */
    if (job->features & UB_FEATURE_CQE_MIXED)
        u->mixed = u->passthrough ? 2 : 1;
    u->rewind = (job->features & UB_FEATURE_SQ_REWIND) != 0;
    u->changing = ctx->tree || job->fsync || job->fdatasync || u->chain || u->passthrough || u->think_until ||
                  !u->ring.sq_array || job->op_mask & (1u << UB_OP_TRIM);
    for (uint32_t i = 0; !u->changing && i < ctx->depth; i++)
        ub_uring_init_sqe(u, ctx, i, ub_ring_sqe(&u->ring, i));
    return 0;
}

void ub_uring_release(struct uring *u)
{
    ub_ring_close(&u->ring);
    free(u->first_res);
    free(u->chained);
    free(u->think_until);
    free(u->think_ts);
    free(u->whole);
    free(u->iovecs);
    free(u->namespaces);
    free(u);
}
