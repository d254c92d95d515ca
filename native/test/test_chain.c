/*
 * Operations that follow each other as one I/O: each step once and in its place, counted as one write; what
 * follows a step that does not succeed is not done.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fixture.h"

#define WRITE (1u << UB_OP_WRITE)
#define BYTES MIB
#define BS    (16 * KIB)
#define DEPTH 4u
#define IOS   64u

static struct target file;

struct calls {
    uint32_t reads, writes, syncs;
};

static const struct calls calls_of[UB_PAIRS] = {
    [UB_PAIR_WRITE_FDATASYNC] = {.writes = 1, .syncs = 1},
    [UB_PAIR_READ_WRITE] = {.reads = 1, .writes = 1},
    [UB_PAIR_DOUBLE_WRITE] = {.writes = 2, .syncs = 2},
};

static uint64_t word_at(const unsigned char *content, uint64_t offset)
{
    uint64_t word;
    memcpy(&word, content + offset, sizeof word);
    return word;
}

static struct ub_job chain_job(const struct variant *variant, uint32_t pair)
{
    struct ub_job job = fixture_job(variant, WRITE);
    job.pair = pair;
    job.bs[UB_OP_WRITE] = BS;
    job.iodepth = job.batch_complete_max = DEPTH;
    job.batch_submit = DEPTH;
    return job;
}

/* A run over what is after the places for double writes. */
static void run_chain(struct run *run, const struct ub_job *job, uint64_t size)
{
    struct target target = {.path = file.path, .offset = DEPTH * BS, .size = size - DEPTH * BS};
    struct spec spec = {.job = *job, .njobs = 1, .nfiles = 1, .targets = &target};
    run_threads(run, &spec);
}

static void check_calls(const struct run *run, uint32_t backend, uint32_t pair)
{
    const uint64_t *calls = run->results[0].syscalls;
    if (backend != UB_BACKEND_SYNC && backend != UB_BACKEND_THREADPOOL)
        return;
    CHECK_EQ(calls[UB_SYS_PREAD] + calls[UB_SYS_PREADV2], IOS * calls_of[pair].reads);
    CHECK_EQ(calls[UB_SYS_PWRITE] + calls[UB_SYS_PWRITEV2], IOS * calls_of[pair].writes);
    CHECK_EQ(calls[UB_SYS_FDATASYNC], IOS * calls_of[pair].syncs);
    CHECK_EQ(calls[UB_SYS_FSYNC], 0);
}

/* Blocks that the run wrote: each says where it belongs, also where it was written first. */
static void check_content(uint32_t pair)
{
    uint64_t size, written = 0;
    unsigned char *content = test_read_file(file.path, &size);
    for (uint64_t at = 0; at < size; at += BS) {
        uint64_t place = word_at(content, at);
        if (place == UINT64_MAX)
            continue; /* as it was */
        CHECK_EQ(place % BS, 0);
        CHECK(place >= DEPTH * BS && place < size);
        if (at < DEPTH * BS)
            CHECK_EQ(pair, UB_PAIR_DOUBLE_WRITE);
        else
            CHECK_EQ(place, at);
        written += at >= DEPTH * BS;
    }
    CHECK_EQ(written, pair == UB_PAIR_READ_WRITE ? 0 : BYTES / BS - DEPTH);
    if (pair == UB_PAIR_DOUBLE_WRITE)
        CHECK(word_at(content, (DEPTH - 1) * BS) != UINT64_MAX);
    free(content);
}

static void test_steps(const struct variant *variant, uint32_t pair)
{
    struct ub_job job = chain_job(variant, pair);
    struct run run;
    test_context("%s, pair %u", variant->name, pair);
    test_fill_file(file.path, BYTES, 0xff);
    job.max_ios = IOS;
    job.dist = UB_DIST_SEQUENTIAL;
    run_chain(&run, &job, BYTES);
    const struct ub_result *result = &run.results[0];
    CHECK_EQ(result->error, 0);
    CHECK_EQ(result->errors_total, 0);
    CHECK_EQ(result->ops[UB_OP_WRITE].ios, IOS);
    CHECK_EQ(result->ops[UB_OP_WRITE].bytes, IOS * BS);
    CHECK_EQ(result->ops[UB_OP_WRITE].lat[UB_LAT_TOTAL].count, IOS);
    CHECK_EQ(result->ops[UB_OP_READ].ios + result->ops[UB_OP_SYNC].ios, 0);
    check_depth(&run, 0);
    check_calls(&run, variant->backend, pair);
    run_close(&run);
    if (pair == UB_PAIR_READ_WRITE)
        return; /* what was read was stamped first, by nobody: the content is what it was */
    check_content(pair);
}

/* The file ends before the region does: what cannot be read is not written either. */
static void test_no_more_after_a_failure(const struct variant *variant)
{
    struct ub_job job = chain_job(variant, UB_PAIR_READ_WRITE);
    struct run run;
    test_context("%s, reads beyond the end", variant->name);
    test_fill_file(file.path, BYTES / 2, 0xff);
    job.max_ios = IOS;
    job.dist = UB_DIST_SEQUENTIAL;
    job.flags |= UB_FLAG_CONTINUE_WRITE;
    run_chain(&run, &job, BYTES);
    const struct ub_result *result = &run.results[0];
    CHECK_EQ(result->error, 0);
    CHECK_EQ(result->errors[0].error, ENODATA);
    CHECK_EQ(result->errors[0].op, UB_OP_WRITE);
    CHECK_EQ(result->ops[UB_OP_WRITE].ios + result->errors_total, IOS);
    run_close(&run);
    uint64_t size;
    free(test_read_file(file.path, &size));
    CHECK_EQ(size, BYTES / 2);
}

/* An fsync among chains is one by itself. */
static void test_fsync_besides(const struct variant *variant)
{
    struct ub_job job = chain_job(variant, UB_PAIR_WRITE_FDATASYNC);
    struct run run;
    test_context("%s, fsync besides", variant->name);
    test_fill_file(file.path, BYTES, 0xff);
    job.max_ios = IOS;
    job.fsync = 4;
    run_chain(&run, &job, BYTES);
    CHECK_EQ(run.results[0].error, 0);
    CHECK_EQ(run.results[0].ops[UB_OP_WRITE].ios, IOS);
    CHECK_EQ(run.results[0].ops[UB_OP_SYNC].ios, IOS / 4 - 1);
    run_close(&run);
}

/* Without room for the first writes of a double write nothing is begun. */
static void test_no_room(void)
{
    struct variant variant = variant_of(UB_BACKEND_SYNC);
    struct ub_job job = chain_job(&variant, UB_PAIR_DOUBLE_WRITE);
    struct target target = {.path = file.path, .offset = DEPTH * BS - 4096, .size = BYTES / 2};
    struct spec spec = {.job = job, .njobs = 1, .nfiles = 1, .targets = &target};
    struct run run;
    run_open(&run, &spec);
    CHECK_EQ(ub_jobs_check(run.arena, 0, 1), -EINVAL);
    run.jobs[0].iodepth = DEPTH - 1;
    CHECK_EQ(ub_jobs_check(run.arena, 0, 1), 0);
    run.jobs[0].backend = UB_BACKEND_LINUX_AIO;
    CHECK_EQ(ub_jobs_check(run.arena, 0, 1), -EINVAL); /* it has no pairs */
    run_close(&run);
}

int main(void)
{
    static const struct {
        uint32_t backend;
        uint64_t features;
        const char *name;
    } variants[] = {
        {UB_BACKEND_SYNC, 0, "sync"},
        {UB_BACKEND_SYNC, UB_FEATURE_VECTORED, "sync+vectored"},
        {UB_BACKEND_THREADPOOL, 0, "threadpool"},
        {UB_BACKEND_IO_URING, 0, "io_uring"},
        {UB_BACKEND_IO_URING, UB_FEATURE_NO_SQARRAY, "io_uring+no_sqarray"},
        {UB_BACKEND_IO_URING, UB_FEATURE_LINKED, "io_uring+linked"},
        {UB_BACKEND_IO_URING, UB_FEATURE_LINKED | UB_FEATURE_CQE_SKIP, "io_uring+linked+cqe_skip"},
    };
    file = (struct target){.path = test_path("chain"), .size = BYTES};
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        struct variant variant = variant_of(variants[i].backend);
        char stage[UB_STAGE_BYTES];
        variant.features = variants[i].features;
        snprintf(variant.name, sizeof variant.name, "%s", variants[i].name);
        if (ub_probe(variant.backend, variant.features, WRITE, DEPTH, DEPTH * BS, 1, stage) < 0) {
            test_note("%s is not tested: %s", variant.name, stage);
            continue;
        }
        for (uint32_t pair = 1; pair < UB_PAIRS; pair++)
            test_steps(&variant, pair);
        test_no_more_after_a_failure(&variant);
        test_fsync_besides(&variant);
    }
    test_fill_file(file.path, BYTES, 0xff);
    test_no_room();
    return 0;
}
