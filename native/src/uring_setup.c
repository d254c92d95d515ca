/* Set-up of the io_uring backend: flags of io_uring_setup, registrations, probes. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include "uring.h"

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
        sqe->buf_index = (uint16_t)(slot / u->slots_per_buffer);
        if (u->passthrough)
            sqe->rw_flags = UB_URING_CMD_FIXED; /* uring_cmd_flags */
    }
    if (u->vectored)
        u->iovecs[slot].iov_base = ub_buffer(ctx, slot);
}

/* Which feature asks for which flag of io_uring_setup. */
static const struct {
    uint64_t feature;
    uint32_t flags;
} setup_flags[] = {
    {UB_FEATURE_IOPOLL, IORING_SETUP_IOPOLL},
    {UB_FEATURE_HYBRID_IOPOLL, UB_SETUP_HYBRID_IOPOLL},
    {UB_FEATURE_SQPOLL, IORING_SETUP_SQPOLL},
    {UB_FEATURE_COOP_TASKRUN, UB_SETUP_COOP_TASKRUN},
    {UB_FEATURE_SINGLE_ISSUER, UB_SETUP_SINGLE_ISSUER},
    {UB_FEATURE_DEFER_TASKRUN, UB_SETUP_DEFER_TASKRUN},
    {UB_FEATURE_NO_SQARRAY, UB_SETUP_NO_SQARRAY},
    {UB_FEATURE_NO_MMAP, UB_SETUP_NO_MMAP},
    {UB_FEATURE_BIG_RINGS, UB_SETUP_SQE128 | UB_SETUP_CQE32},
    {UB_FEATURE_PASSTHROUGH, UB_SETUP_SQE128 | UB_SETUP_CQE32},
};

static void set_params(struct io_uring_params *params, uint64_t features)
{
    memset(params, 0, sizeof *params);
    for (size_t i = 0; i < sizeof setup_flags / sizeof *setup_flags; i++)
        if (features & setup_flags[i].feature)
            params->flags |= setup_flags[i].flags;
}

static void set_sqpoll(struct io_uring_params *params, const struct ub_job *job)
{
    if (!(params->flags & IORING_SETUP_SQPOLL))
        return;
    params->sq_thread_idle = job->sq_idle_ms;
    if (job->sq_cpu >= 0) {
        params->flags |= IORING_SETUP_SQ_AFF;
        params->sq_thread_cpu = (uint32_t)job->sq_cpu;
    }
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

static int probe_ring(struct ub_ring *ring, uint64_t features, const struct ub_setup *setup,
                      const char **stage)
{
    struct io_uring_params params;
    set_params(&params, features);
    int ret = ub_ring_open(ring, setup->depth, &params, stage);
    if (ret == 0) {
        *stage = "io_uring_enter"; /* that does nothing: a filter may refuse it alone */
        ret = ub_ring_enter(ring, 0, 0, 0);
    }
    if (ret == 0 && !(features & (UB_FEATURE_PASSTHROUGH | UB_FEATURE_VECTORED | UB_FEATURE_FIXEDBUFS)))
        ret = need_op(ring, IORING_OP_READ, "IORING_OP_READ", stage);
    if (ret == 0 && features & UB_FEATURE_FIXEDBUFS) {
        *stage = "register buffers";
        ret = probe_buffers(ring, setup);
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
    if (ret == 0 && features & UB_FEATURE_PASSTHROUGH)
        ret = need_op(ring, UB_OP_URING_CMD, "IORING_OP_URING_CMD", stage);
    return ret;
}

/* As many rings at a time as there will be jobs: locked memory is counted over all of them. */
int ub_uring_probe(uint64_t features, const struct ub_setup *setup, const char **stage)
{
    /* A process can register 16 rings; each job's thread has its own 16, a probe has one thread. */
    uint32_t most = features & UB_FEATURE_REGISTERRING ? 16 : PROBE_RINGS;
    uint32_t n = setup->jobs < most ? setup->jobs : most, opened = 0;
    struct ub_ring *rings = calloc(n, sizeof *rings);
    int ret = rings ? 0 : -ENOMEM;
    while (ret == 0 && opened < n)
        ret = probe_ring(&rings[opened++], features, setup, stage);
    while (opened > 0)
        ub_ring_close(&rings[--opened]);
    free(rings);
    return ret;
}

static int register_buffers(struct uring *u, const struct ub_ctx *ctx)
{
    uint64_t stride = ctx->buffer_stride, most = UB_URING_BUFFER_MAX / stride;
    if (most == 0)
        return -E2BIG; /* a single block is more than the kernel registers as one buffer */
    u->slots_per_buffer = (uint32_t)(most < ctx->depth ? most : ctx->depth);
    uint32_t n = (ctx->depth + u->slots_per_buffer - 1) / u->slots_per_buffer;
    struct iovec *iov = calloc(n, sizeof *iov);
    if (!iov)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t first = i * u->slots_per_buffer;
        uint32_t slots = ctx->depth - first < u->slots_per_buffer ? ctx->depth - first : u->slots_per_buffer;
        iov[i] = (struct iovec){.iov_base = ub_buffer(ctx, first), .iov_len = slots * stride};
    }
    int ret = ub_ring_register(&u->ring, IORING_REGISTER_BUFFERS, iov, n);
    free(iov);
    return ret;
}

static int register_all(struct uring *u, struct ub_ctx *ctx, const char **stage)
{
    const struct ub_job *job = ctx->job;
    int ret = 0;
    if (job->features & UB_FEATURE_FIXEDBUFS) {
        *stage = "register buffers";
        ret = register_buffers(u, ctx);
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

static int choose_operations(struct uring *u, const struct ub_ctx *ctx, const char **stage)
{
    const struct ub_job *job = ctx->job;
    uint64_t features = job->features;
    u->rw_flags = (features & UB_FEATURE_UNCACHED ? UB_RWF_DONTCACHE : 0) |
                  (features & UB_FEATURE_NOWAIT ? UB_RWF_NOWAIT : 0) |
                  (features & UB_FEATURE_ATOMIC ? UB_RWF_ATOMIC : 0);
    if (features & UB_FEATURE_FORCE_ASYNC)
        u->sqe_flags |= IOSQE_ASYNC;
    if (features & UB_FEATURE_PASSTHROUGH)
        return open_namespaces(u, ctx, stage);
    if (features & UB_FEATURE_VECTORED) {
        u->vectored = 1;
        u->opcode[0] = IORING_OP_READV;
        u->opcode[1] = IORING_OP_WRITEV;
    } else if (features & UB_FEATURE_FIXEDBUFS) {
        u->opcode[0] = IORING_OP_READ_FIXED;
        u->opcode[1] = IORING_OP_WRITE_FIXED;
    } else {
        u->opcode[0] = IORING_OP_READ;
        u->opcode[1] = IORING_OP_WRITE;
        int ret = need_op(&u->ring, IORING_OP_READ, "IORING_OP_READ", stage);
        if (ret < 0)
            return ret;
    }
    *stage = "IORING_OP_URING_CMD discard";
    return job->op_mask & (1u << UB_OP_TRIM) ? ub_ring_has_op(&u->ring, UB_OP_URING_CMD) : 0;
}

/* A pair takes two sqes and, sent one after the other, a place for the first result. */
static int set_pairs(struct uring *u, const struct ub_ctx *ctx)
{
    uint64_t features = ctx->job->features;
    u->pair = ctx->job->pair;
    if (u->pair == UB_PAIR_NONE)
        return 0;
    u->linked = (features & UB_FEATURE_LINKED) != 0;
    u->first_flags = (uint8_t)((u->linked ? IOSQE_IO_LINK : 0u) |
                               (features & UB_FEATURE_CQE_SKIP ? UB_SQE_CQE_SKIP_SUCCESS : 0u));
    u->first_res = calloc(ctx->depth, sizeof *u->first_res);
    return u->first_res ? 0 : -ENOMEM;
}

int ub_uring_open(struct ub_ctx *ctx, const char **stage)
{
    struct uring *u = calloc(1, sizeof *u);
    struct io_uring_params params;
    const struct ub_job *job = ctx->job;
    ctx->private = u;
    *stage = "allocate";
    if (!u)
        return -ENOMEM;
    u->ring.fd = -1;
    set_params(&params, job->features);
    set_sqpoll(&params, job);
    int ret = ub_ring_open(&u->ring, ctx->depth * (job->pair ? 2 : 1), &params, stage);
    if (ret == 0)
        ret = choose_operations(u, ctx, stage);
    if (ret == 0)
        ret = register_all(u, ctx, stage);
    if (ret < 0)
        return ret;
    *stage = "allocate";
    ret = set_pairs(u, ctx);
    if (ret < 0 || (u->vectored && !(u->iovecs = calloc(ctx->depth, sizeof *u->iovecs))))
        return -ENOMEM;
    u->sqpoll = (params.flags & IORING_SETUP_SQPOLL) != 0;
    u->changing = job->fsync || job->fdatasync || u->pair || u->passthrough || !u->ring.sq_array ||
                  job->op_mask & (1u << UB_OP_TRIM);
    for (uint32_t i = 0; !u->changing && i < ctx->depth; i++)
        ub_uring_init_sqe(u, ctx, i, ub_ring_sqe(&u->ring, i));
    return 0;
}

void ub_uring_release(struct uring *u)
{
    ub_ring_close(&u->ring);
    free(u->first_res);
    free(u->iovecs);
    free(u->namespaces);
    free(u);
}
