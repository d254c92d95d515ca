/*
 * Every backend reads real data: all I/Os are done and counted, the same offsets with the same seed, and what
 * lies in the buffers at the end is what the file holds there.
 */
#include <string.h>
#include "fixture.h"

#define BLOCKS 256 /* of a file */

static struct target files[2];
static uint32_t slots_checked;

/* Linked in place of the library's (ld --wrap): the last look at the buffers. */
void __real_ub_buffers_close(struct ub_ctx *ctx);
void __wrap_ub_buffers_close(struct ub_ctx *ctx);

/* Each slot that was used holds the block of its last I/O: see test_stamp_file. */
void __wrap_ub_buffers_close(struct ub_ctx *ctx)
{
    CHECK_EQ(ctx->nfree, ctx->depth); /* nothing is in flight any more */
    for (uint32_t i = 0; ctx->job->backend != UB_BACKEND_NULL && i < ctx->depth; i++) {
        const struct ub_slot *slot = &ctx->slots[i];
        uint64_t words[3];
        if (slot->len == 0)
            continue;
        memcpy(words, ub_buffer(ctx, i), sizeof words);
        CHECK_EQ(words[0], slot->data.offset);
        CHECK_EQ(words[1], slot->data.file + 1);
        CHECK_EQ(words[2], 0xa5a5a5a5a5a5a5a5);
        CHECK_EQ(ub_buffer(ctx, i)[slot->len - 1], 0xa5);
        __atomic_add_fetch(&slots_checked, 1, __ATOMIC_RELAXED);
    }
    __real_ub_buffers_close(ctx);
}

/*
 * Linked in place of the library's, too. The loop calls it after each reap when there is a thinktime: so many
 * I/Os have been reaped. At the end all that are left may come at once.
 */
void __wrap_ub_loop_think(struct ub_ctx *ctx);

static uint32_t reaps, small_reaps;

void __wrap_ub_loop_think(struct ub_ctx *ctx)
{
    static _Thread_local uint64_t before; /* each job is a thread of its own */
    uint64_t now = ctx->result->ops[UB_OP_READ].ios, got = now - before;
    uint32_t least = ctx->job->batch_complete_min < ctx->depth ? ctx->job->batch_complete_min : ctx->depth;
    before = now;
    if (ctx->ios_left == 0)
        return;
    CHECK_BETWEEN(1, got, ctx->job->batch_complete_max);
    __atomic_add_fetch(&small_reaps, got < least, __ATOMIC_RELAXED);
    __atomic_add_fetch(&reaps, 1, __ATOMIC_RELAXED);
}

/* The offsets of job j are the same on all backends, at all depths. */
static void check_hash(const struct run *run)
{
    static uint64_t known[4];
    for (uint32_t j = 0; j < run->njobs; j++) {
        CHECK_EQ(run->results[j].hashed_ios, UB_HASHED_IOS);
        if (known[j] == 0)
            known[j] = run->results[j].offsets_hash;
        CHECK_EQ(run->results[j].offsets_hash, known[j]);
        for (uint32_t k = 0; k < j; k++)
            CHECK(known[k] != known[j]); /* other seeds, other offsets */
    }
}

static void read_with(const struct variant *variant, struct ub_job job, uint32_t njobs)
{
    const struct spec spec = {.job = job, .njobs = njobs, .nfiles = 2, .targets = files};
    struct run run;
    slots_checked = 0;
    run_threads(&run, &spec);
    check_jobs(&run);
    uint32_t depth = variant->ops->async ? job.iodepth : 1;
    CHECK_EQ(slots_checked, variant->backend == UB_BACKEND_NULL ? 0 : njobs * depth);
    if (job.max_ios > UB_HASHED_IOS)
        check_hash(&run);
    run_close(&run);
}

static void test_reads(const struct variant *variant)
{
    static const uint32_t depths[] = {1, 8, 64}, jobs[] = {MANY_JOBS, 1};
    for (size_t d = 0; d < 3; d++) {
        for (size_t n = 0; n < (MANY_JOBS == 4 ? 2 : 1); n++) {
            test_context("%s, iodepth %u, %u jobs", variant->name, depths[d], jobs[n]);
            struct ub_job job = fixture_job(variant, 1u << UB_OP_READ);
            job.iodepth = depths[d];
            job.max_ios = 1500;
            read_with(variant, job, jobs[n]);
        }
    }
}

/* Past the page cache I/Os really are in flight together and complete out of order. */
static void test_direct(const struct variant *variant)
{
    struct ub_job job = fixture_job(variant, 1u << UB_OP_READ);
    test_context("%s, direct", variant->name);
    job.flags |= UB_FLAG_DIRECT | UB_FLAG_INVALIDATE;
    job.iodepth = 32;
    job.max_ios = 200;
    read_with(variant, job, MANY_JOBS);
}

static void test_batches(const struct variant *variant)
{
    static const uint32_t least[] = {0, 1, 4, 32}, most[] = {1, 1, 6, 32}; /* 0 polls */
    struct ub_job job = fixture_job(variant, 1u << UB_OP_READ);
    job.iodepth = 32;
    job.batch_submit = 8;
    job.max_ios = 200;
    job.flags |= test_can_direct() ? UB_FLAG_DIRECT : 0; /* from the cache all would be there at once */
    job.thinktime_ns = 1;                                /* see above */
    for (size_t i = 0; i < sizeof least / sizeof least[0]; i++) {
        test_context("%s, iodepth_batch_complete_min %u, max %u", variant->name, least[i], most[i]);
        job.batch_complete_min = least[i];
        job.batch_complete_max = most[i];
        reaps = small_reaps = 0;
        read_with(variant, job, 1);
        CHECK(reaps >= (job.max_ios - job.iodepth) / most[i]);
        CHECK_BETWEEN(0, small_reaps, reaps / 10 + 1); /* only after a wait that took too long */
    }
}

/* Blocks of more than one page, cached beforehand, from a part of the file. */
static void test_large_blocks(const struct variant *variant)
{
    const struct target part[1] = {{.path = files[0].path, .offset = 64 * KIB, .size = 512 * KIB}};
    struct ub_job job = fixture_job(variant, 1u << UB_OP_READ);
    struct spec spec = {.njobs = 2, .nfiles = 1, .targets = part};
    struct run run;
    test_context("%s, bs 64k", variant->name);
    job.flags |= UB_FLAG_PRE_READ;
    job.bs[UB_OP_READ] = 64 * KIB;
    job.max_bytes = 2 * MIB;
    spec.job = job;
    run_threads(&run, &spec);
    check_jobs(&run);
    for (uint32_t j = 0; j < 2; j++)
        CHECK_EQ(run.results[j].ops[UB_OP_READ].bytes, 2 * MIB);
    run_close(&run);
}

static void test_variant(const struct variant *variant)
{
    test_reads(variant);
    test_batches(variant);
    test_large_blocks(variant);
    if (test_can_direct())
        test_direct(variant);
    CHECK_EQ(test_mappings("io_uring"), 0);
}

int main(void)
{
    for (uint32_t i = 0; i < 2; i++) {
        files[i] = (struct target){.path = test_path("read-%u", i), .size = BLOCKS * 4096};
        test_stamp_file(files[i].path, files[i].size, i + 1);
    }
    if (!test_can_direct())
        test_note("O_DIRECT is not tested: the file system of %s lacks it", test_dir());
    each_variant(test_variant);
    return 0;
}
