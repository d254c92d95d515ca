/*
 * What was written is on the file: every block once, in the right place, with what was asked for in it. A
 * block's stamp is its offset and the running number of the I/O (stamp() in src/loop.c).
 */
#include <stdlib.h>
#include <string.h>
#include "fixture.h"

#define WRITE  (1u << UB_OP_WRITE)
#define JOBS   2
#define NFILES 2
#define BYTES  MIB

static struct target files[JOBS * NFILES];
static const struct spec spec_template = {
    .njobs = JOBS, .nfiles = NFILES, .targets = files, .own_targets = 1};

static void make_files(void)
{
    for (uint32_t i = 0; i < JOBS * NFILES; i++)
        test_fill_file(files[i].path, files[i].size, 0xff);
}

static uint64_t word_at(const unsigned char *content, uint64_t offset)
{
    uint64_t word;
    memcpy(&word, content + offset, sizeof word);
    return word;
}

/*
 * All blocks of a job's files are stamped, and no I/O's number occurs in two of them: as there were as many
 * I/Os as blocks, each block was written exactly once.
 */
static void check_files(uint32_t j, uint64_t bs)
{
    const uint64_t ios = NFILES * BYTES / bs;
    unsigned char *seen = calloc(ios + 1, 1);
    CHECK(seen);
    for (uint32_t f = 0; f < NFILES; f++) {
        uint64_t size;
        unsigned char *content = test_read_file(files[j * NFILES + f].path, &size);
        CHECK_EQ(size, BYTES);
        for (uint64_t at = 0; at < size; at += 4096) {
            uint64_t number = word_at(content, at + 8);
            CHECK_EQ(word_at(content, at), at);
            CHECK(number >= 1 && number <= ios);
            CHECK_EQ(number, word_at(content, at / bs * bs + 8)); /* one I/O wrote all of the block */
            CHECK(at % bs || !seen[number]);
            seen[number] = 1;
        }
        free(content);
    }
    free(seen);
}

static void write_once(const struct variant *variant, uint32_t depth, uint64_t bs, uint32_t flags)
{
    struct ub_job job = fixture_job(variant, WRITE);
    struct spec spec = spec_template;
    struct run run;
    test_context("%s, iodepth %u, bs %llu, flags %#x", variant->name, depth, (unsigned long long)bs, flags);
    make_files();
    job.flags |= flags;
    job.iodepth = depth;
    job.bs[UB_OP_WRITE] = bs;
    job.max_ios = NFILES * BYTES / bs;
    spec.job = job;
    run_threads(&run, &spec);
    check_jobs(&run);
    for (uint32_t j = 0; j < JOBS; j++) {
        CHECK_EQ(run.results[j].ops[UB_OP_WRITE].bytes, NFILES * BYTES);
        CHECK_EQ(run.results[j].syscalls[UB_SYS_FSYNC], flags & UB_FLAG_END_FSYNC ? NFILES : 0);
        check_files(j, bs);
    }
    run_close(&run);
}

static void test_every_block(const struct variant *variant)
{
    if (variant->backend == UB_BACKEND_NULL)
        return;
    write_once(variant, 1, 4096, 0);
    write_once(variant, 64, 4096, UB_FLAG_END_FSYNC);
    write_once(variant, 8, 16384, UB_FLAG_REFILL);
    if (test_can_direct())
        write_once(variant, 16, 8192, UB_FLAG_DIRECT);
}

/* fsync or fdatasync after every 16th write; what is due after the last one is end_fsync's to do. */
static void test_syncs(const struct variant *variant)
{
    enum { WRITES = 200, EVERY = 16 };
    struct spec spec = spec_template;
    struct run run;
    for (int datasync = 0; datasync <= 1; datasync++) {
        struct ub_job job = fixture_job(variant, WRITE);
        test_context("%s, %s every %d writes", variant->name, datasync ? "fdatasync" : "fsync", EVERY);
        *(datasync ? &job.fdatasync : &job.fsync) = EVERY;
        job.max_ios = WRITES;
        spec.job = job;
        run_threads(&run, &spec);
        check_jobs(&run);
        for (uint32_t j = 0; j < JOBS; j++) {
            const struct ub_result *result = &run.results[j];
            CHECK_EQ(result->ops[UB_OP_WRITE].ios, WRITES);
            CHECK_EQ(result->ops[UB_OP_SYNC].ios, WRITES / EVERY);
            if (variant->backend == UB_BACKEND_SYNC || variant->backend == UB_BACKEND_POSIX_AIO) {
                CHECK_EQ(result->syscalls[UB_SYS_FSYNC], datasync ? 0 : WRITES / EVERY);
                CHECK_EQ(result->syscalls[UB_SYS_FDATASYNC], datasync ? WRITES / EVERY : 0);
            }
            if (variant->backend == UB_BACKEND_MMAP)
                CHECK_EQ(result->syscalls[UB_SYS_MSYNC], WRITES / EVERY);
        }
        run_close(&run);
    }
}

/* Runs one job of sync over one file; the content is for the caller to free. */
static unsigned char *content_after(uint32_t ops, uint32_t flags, uint32_t compress_pct)
{
    const struct variant sync = variant_of(UB_BACKEND_SYNC);
    struct ub_job job = fixture_job(&sync, ops);
    struct run run;
    uint64_t size;
    job.flags |= flags;
    job.compress_pct = compress_pct;
    job.max_ios = BYTES / 4096;
    const struct spec spec = {.job = job, .njobs = 1, .nfiles = 1, .targets = files};
    make_files();
    run_threads(&run, &spec);
    check_jobs(&run);
    run_close(&run);
    return test_read_file(files[0].path, &size);
}

static unsigned char *content_written(uint32_t flags, uint32_t compress_pct)
{
    return content_after(WRITE, flags, compress_pct);
}

/* Number of blocks that are, but for their stamps, like the one before. */
static int equal_neighbours(const unsigned char *content)
{
    int equal = 0;
    for (uint64_t at = 4096; at < BYTES; at += 4096)
        equal += memcmp(content + at + 16, content + at - 4096 + 16, 4096 - 16) == 0;
    return equal;
}

static int zeros(const unsigned char *content, uint64_t bytes)
{
    for (uint64_t i = 0; i < bytes; i++)
        if (content[i])
            return 0;
    return 1;
}

static void test_content(void)
{
    unsigned char *content;
    test_context("random buffers");
    content = content_written(0, 0);
    CHECK_EQ(equal_neighbours(content), BYTES / 4096 - 1); /* filled once */
    CHECK(!zeros(content + 512 - 8, 8));
    free(content);

    test_context("refill_buffers");
    content = content_written(UB_FLAG_REFILL, 0);
    CHECK_EQ(equal_neighbours(content), 0);
    free(content);

    test_context("buffer_compress_percentage 50");
    content = content_written(UB_FLAG_REFILL, 50);
    for (uint64_t at = 0; at < BYTES; at += 512) {
        CHECK(zeros(content + at + 256, 256));
        CHECK(!zeros(content + at + 256 - 8, 8));
    }
    free(content);

    test_context("zero_buffers");
    content = content_written(UB_FLAG_ZERO_BUFFERS, 0);
    CHECK(zeros(content, BYTES));
    free(content);
    content = content_written(UB_FLAG_ZERO_BUFFERS | UB_FLAG_REFILL, 0);
    CHECK(zeros(content, BYTES));
    free(content);

    test_context("zero_buffers, between reads of 0xff");
    content = content_after(1u << UB_OP_READ | WRITE, UB_FLAG_ZERO_BUFFERS, 0);
    int zero_blocks = 0;
    for (uint64_t at = 0; at < BYTES; at += 4096)
        zero_blocks += zeros(content + at, 4096);
    CHECK(zero_blocks > 0);
    free(content);
}

static void test_variant(const struct variant *variant)
{
    test_every_block(variant);
    test_syncs(variant);
}

int main(void)
{
    for (uint32_t i = 0; i < JOBS * NFILES; i++)
        files[i] = (struct target){.path = test_path("write-%u", i), .size = BYTES};
    make_files();
    if (!test_can_direct())
        test_note("O_DIRECT is not tested: the file system of %s lacks it", test_dir());
    test_content();
    each_variant(test_variant);
    return 0;
}
