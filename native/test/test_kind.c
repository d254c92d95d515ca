/*
 * Another kind of operation than reads and writes: a generator and three steps of its own make an instance of
 * the loop. Its operations return 0 when they succeed, every seventh fails.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "loop.h"
#include "test.h"

#define DEPTH 4u
#define TOTAL 700u

struct toy {
    uint32_t queue[DEPTH];
    uint32_t n;
    uint32_t made, reaped;
};

UB_ALWAYS_INLINE void toy_next(struct ub_ctx *ctx, struct ub_slot *slot, uint32_t index, uint64_t now)
{
    (void)index;
    *slot = (struct ub_slot){.start_ns = now, .op = UB_OP_TRIM, .data.offset = ctx->issued++};
    ctx->ios_left--;
}

UB_ALWAYS_INLINE void toy_prep(void *b, struct ub_ctx *ctx, uint32_t slot)
{
    struct toy *toy = b;
    (void)ctx;
    toy->queue[toy->n++] = slot;
    toy->made++;
}

UB_ALWAYS_INLINE int toy_submit(void *b, struct ub_ctx *ctx, uint32_t n, uint32_t wait)
{
    (void)b, (void)ctx, (void)n, (void)wait;
    return 0;
}

UB_ALWAYS_INLINE int toy_reap(void *b, struct ub_ctx *ctx, uint32_t min, uint32_t max)
{
    struct toy *toy = b;
    uint32_t got = 0;
    (void)min;
    while (toy->n > 0 && got < max) {
        uint32_t slot = toy->queue[--toy->n];
        int fails = ctx->slots[slot].data.offset % 7 == 6;
        ctx->done[got++] = (struct ub_done){.slot = slot, .res = fails ? -EIO : 0};
    }
    toy->reaped += got;
    return (int)got;
}

int main(void)
{
    static struct ub_arena arena;
    static struct ub_result result;
    static struct ub_slot slots[DEPTH];
    static uint32_t free_slots[DEPTH];
    static struct ub_done done[DEPTH];
    struct ub_job job = {.op_mask = 1u << UB_OP_TRIM,
                         .batch_submit = 2,
                         .batch_complete_min = 1,
                         .batch_complete_max = DEPTH,
                         .flags = UB_FLAG_CONTINUE_WRITE};
    uint64_t *histograms = calloc((size_t)UB_HIST_OPS * UB_LATS * UB_HIST_COUNTS, sizeof *histograms);
    CHECK(histograms);
    struct ub_ctx ctx = {.job = &job,
                         .arena = &arena,
                         .result = &result,
                         .histograms = histograms,
                         .clock = *ub_clock_get(),
                         .slots = slots,
                         .free = free_slots,
                         .nfree = DEPTH,
                         .depth = DEPTH,
                         .done = done,
                         .ios_left = TOTAL,
                         .bytes_left = UINT64_MAX,
                         .deadline_ns = UINT64_MAX};
    for (uint32_t i = 0; i < DEPTH; i++)
        free_slots[i] = i;
    struct toy toy = {.n = 0};
    const char *stage = NULL;
    test_context("another kind");
    CHECK_EQ(ub_loop(&ctx, &toy, toy_next, toy_prep, toy_submit, toy_reap, 0, &stage), 0);
    CHECK(toy.made == TOTAL && toy.reaped == TOTAL && ctx.nfree == DEPTH);
    const struct ub_op_result *op = &result.ops[UB_OP_TRIM];
    CHECK_EQ(op->ios, TOTAL - TOTAL / 7);
    CHECK(op->bytes == 0 && op->short_ios == 0);
    CHECK_EQ(op->lat[UB_LAT_TOTAL].count, op->ios);
    CHECK(result.nerrors == 1 && result.errors[0].error == EIO && result.errors[0].count == TOTAL / 7);
    CHECK_EQ(result.errors[0].first_offset, 6);

    test_context("another kind, an error ends it");
    memset(&result, 0, sizeof result);
    job.flags = 0;
    ctx.issued = 0;
    ctx.ios_left = TOTAL;
    CHECK_EQ(ub_loop(&ctx, &toy, toy_next, toy_prep, toy_submit, toy_reap, 0, &stage), -EIO);
    CHECK(strcmp(stage, "trim") == 0);
    CHECK(result.ops[UB_OP_TRIM].ios < 8 + DEPTH);
    free(histograms);
    return 0;
}
