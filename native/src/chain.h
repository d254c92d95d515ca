/*
 * Operations that follow each other as one I/O (ub_job.pair): each begins when the one before it has
 * succeeded. Counted as one write, with one latency: from when it was queued until the last has been reaped.
 */
#ifndef UB_CHAIN_H
#define UB_CHAIN_H

#include "job.h"

#define UB_CHAIN_STEPS 4u

struct ub_step {
    uint8_t op;    /* UB_OP_READ, _WRITE, or _SYNC, which is fdatasync */
    uint8_t aside; /* not at the I/O's place but at the slot's own before the file's used part */
};

struct ub_chain {
    uint32_t n;
    struct ub_step steps[UB_CHAIN_STEPS];
};

/* chain.c. NULL: none, the I/O is its operation alone. */
const struct ub_chain *ub_chain_of(uint32_t pair);

/* What a step of slot's I/O returns when it has succeeded. */
static inline int32_t ub_step_result(const struct ub_step *step, uint32_t len)
{
    return step->op == UB_OP_SYNC ? 0 : (int32_t)len;
}

/* Where slot writes aside; check.c has seen that there is room for every slot. */
static inline uint64_t ub_chain_aside(const struct ub_ctx *ctx, uint32_t slot)
{
    const struct ub_slot *s = &ctx->slots[slot];
    return ctx->files[s->data.file].offset - (uint64_t)(slot + 1) * s->len;
}

/* The plain calls of a chain. */
struct ub_chain_call {
    const struct ub_chain *chain;
    int fd;
    struct ub_data_io io;
    uint64_t aside;
    unsigned char *buffer;
    uint32_t len;
    uint32_t rw_flags; /* RWF_*; given to preadv2 and pwritev2 when vectored */
    int vectored;
};

/*
 * Makes them from *step on -> len, or what the first that did not succeed returned; *step is then its number,
 * so that an interrupted one can be made again. Counted in calls[UB_SYS_*], which others may read meanwhile.
 */
int32_t ub_chain_perform(const struct ub_chain_call *call, uint32_t *step, uint64_t *calls);

#endif
