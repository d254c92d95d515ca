/* Errors and short I/Os are counted and told, end the job or not as asked, and end the others with it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "fixture.h"

#define READ       (1u << UB_OP_READ)
#define WRITE      (1u << UB_OP_WRITE)
#define FILE_BYTES (256 * KIB)

static struct target good;
static struct target cut;     /* said to be twice as long as the file is */
static struct target ragged;  /* its last block is not whole */
static struct target large;   /* takes a while to read */
static struct target missing; /* there is no such file */

static struct spec spec_of(struct ub_job job, uint32_t njobs, const struct target *target)
{
    return (struct spec){.job = job, .njobs = njobs, .nfiles = 1, .targets = target};
}

static void check_failed(const struct run *run, uint32_t j, int error, const char *stage, uint32_t file)
{
    const struct ub_result *result = &run->results[j];
    CHECK_EQ(result->error, error);
    if (strcmp(result->stage, stage) != 0)
        test_fail(__FILE__, __LINE__, "stage is '%s', not '%s'", result->stage, stage);
    CHECK_EQ(result->error_file, file);
    CHECK(result->error_ns > 0);
    if (result->begin_ns) /* in its loop */
        CHECK(result->error_ns >= result->begin_ns && result->error_ns - result->begin_ns < 60000000000);
    CHECK_EQ(result->state, UB_STATE_FAILED);
}

/* What an I/O behind the end of the file comes to: a mapping has SIGBUS there. */
static uint32_t error_at_end(const struct variant *variant)
{
    return variant->backend == UB_BACKEND_MMAP ? EIO : ENODATA;
}

/* Half of the blocks lie behind the end of the file: with continue_on_error all of them are counted. */
static void test_end_of_file_continued(const struct variant *variant)
{
    const uint64_t blocks = 2 * FILE_BYTES / 4096;
    struct ub_job job = fixture_job(variant, READ);
    struct run run;
    test_context("%s, end of file, continue_on_error", variant->name);
    job.flags |= UB_FLAG_CONTINUE_READ;
    job.max_ios = blocks;
    const struct spec spec = spec_of(job, 2, &cut);
    run_threads(&run, &spec);
    for (uint32_t j = 0; j < 2; j++) {
        const struct ub_result *result = &run.results[j];
        const struct ub_op_result *reads = &result->ops[UB_OP_READ];
        CHECK_EQ(result->state, UB_STATE_FINISHED);
        CHECK_EQ(result->error, 0);
        CHECK_EQ(result->error_ns, 0); /* what is only counted ended nothing */
        CHECK_EQ(reads->ios, blocks / 2);
        CHECK_EQ(reads->bytes, FILE_BYTES);
        CHECK_EQ(reads->lat[UB_LAT_TOTAL].count, blocks / 2); /* an error is no I/O */
        CHECK_EQ(result->errors_total, blocks / 2);
        CHECK_EQ(result->nerrors, 1);
        CHECK_EQ(result->errors[0].count, blocks / 2);
        CHECK_EQ(result->errors[0].error, error_at_end(variant));
        CHECK_EQ(result->errors[0].op, UB_OP_READ);
        CHECK_EQ(result->errors[0].first_file, 0);
        CHECK(result->errors[0].first_offset >= FILE_BYTES && result->errors[0].first_offset % 4096 == 0);
    }
    run_close(&run);
}

/* Without it the first one ends the job, with all I/Os in flight reaped. */
static void test_end_of_file(const struct variant *variant)
{
    struct ub_job job = fixture_job(variant, READ);
    struct run run;
    test_context("%s, end of file", variant->name);
    job.dist = UB_DIST_SEQUENTIAL;
    const struct spec spec = spec_of(job, 1, &cut);
    run_threads(&run, &spec);
    check_failed(&run, 0, (int)error_at_end(variant), "read", 0);
    CHECK_EQ(run.results[0].ops[UB_OP_READ].ios, FILE_BYTES / 4096);
    CHECK_BETWEEN(1, run.results[0].errors_total, variant->ops->async ? job.iodepth : 1);
    CHECK_EQ(run.results[0].errors[0].count, run.results[0].errors_total);
    run_close(&run);
}

/* What is to be in memory before the window must be there. */
static void test_populate_error(const struct variant *variant)
{
    struct ub_job job = fixture_job(variant, READ);
    struct run run;
    test_context("%s, end of file", variant->name);
    const struct spec spec = spec_of(job, 1, &cut);
    run_threads(&run, &spec);
    check_failed(&run, 0, EIO, "MADV_POPULATE_READ", UINT32_MAX);
    run_close(&run);
}

static void test_short_read(const struct variant *variant)
{
    struct ub_job job = fixture_job(variant, READ);
    struct run run;
    test_context("%s, short read", variant->name);
    job.max_ios = ragged.size / 4096;
    const struct spec spec = spec_of(job, 2, &ragged);
    run_threads(&run, &spec);
    for (uint32_t j = 0; j < 2; j++) {
        const struct ub_op_result *reads = &run.results[j].ops[UB_OP_READ];
        CHECK_EQ(run.results[j].state, UB_STATE_FINISHED);
        CHECK_EQ(reads->ios, job.max_ios);
        CHECK_EQ(reads->short_ios, 1);
        CHECK_EQ(reads->bytes, ragged.size - 1024);
        CHECK_EQ(reads->lat[UB_LAT_TOTAL].count, job.max_ios);
        CHECK_EQ(run.results[j].errors_total, 0);
    }
    run_close(&run);
}

/* One job of three can't open its second file: it says so, and nobody goes on. */
static void test_missing_file(const struct variant *variant)
{
    const struct target files[6] = {good, good, good, missing, good, good};
    struct ub_job job = fixture_job(variant, READ);
    struct run run;
    test_context("%s, missing file", variant->name);
    job.runtime_ns = UINT64_C(60000000000);
    const struct spec spec = {.job = job, .njobs = 3, .nfiles = 2, .targets = files, .own_targets = 1};
    uint64_t begin = test_now_ns();
    int descriptors = test_open_descriptors();
    run_threads(&run, &spec);
    CHECK_BETWEEN(0, test_now_ns() - begin, 5e9);
    check_failed(&run, 1, ENOENT, "open", 1);
    for (uint32_t j = 0; j < 3; j += 2) {
        CHECK_EQ(run.results[j].state, UB_STATE_FINISHED);
        CHECK_EQ(run.results[j].error, 0);
    }
    run_close(&run);
    CHECK_EQ(test_open_descriptors(), descriptors);
}

/* What can never be written to is refused before anything is done. */
static void test_directory(const struct variant *variant)
{
    const struct target directory = {.path = test_dir(), .size = FILE_BYTES};
    struct ub_job job = fixture_job(variant, WRITE);
    struct run run;
    test_context("%s, write to a directory", variant->name);
    job.max_ios = 1;
    const struct spec spec = spec_of(job, 1, &directory);
    run_threads(&run, &spec);
    check_failed(&run, 0, EISDIR, "open", 0);
    run_close(&run);
}

/* Some file systems (tmpfs) take anything. */
static int direct_is_strict(void)
{
    _Alignas(4096) static unsigned char block[4096];
    int fd = open(good.path, O_RDONLY | O_DIRECT | O_CLOEXEC);
    int strict = fd >= 0 && pread(fd, block, 1000, 0) < 0;
    if (fd >= 0)
        close(fd);
    return strict;
}

/* O_DIRECT refuses lengths that are no multiple of the logical block: an error of the I/O itself. */
static void test_unaligned(const struct variant *variant)
{
    struct ub_job job = fixture_job(variant, READ);
    struct run run;
    test_context("%s, unaligned", variant->name);
    job.flags |= UB_FLAG_DIRECT;
    job.bs[UB_OP_READ] = 1000;
    job.max_ios = 10;
    const struct spec spec = spec_of(job, 1, &good);
    run_threads(&run, &spec);
    check_failed(&run, 0, EINVAL, "read", 0);
    CHECK_EQ(run.results[0].ops[UB_OP_READ].ios, 0);
    run_close(&run);
}

/* Another operation's flag is not meant: CONTINUE_WRITE does not excuse reads. */
static void test_other_flag(void)
{
    const struct variant sync = variant_of(UB_BACKEND_SYNC);
    struct ub_job job = fixture_job(&sync, READ);
    struct run run;
    test_context("CONTINUE_WRITE and a failing read");
    job.flags |= UB_FLAG_CONTINUE_WRITE;
    job.dist = UB_DIST_SEQUENTIAL;
    const struct spec spec = spec_of(job, 1, &cut);
    run_threads(&run, &spec);
    check_failed(&run, 0, ENODATA, "read", 0);
    run_close(&run);
}

/* Of two that cannot begin, the first has read all of a file before it sees that. */
static void test_which_was_first(void)
{
    const struct variant sync = variant_of(UB_BACKEND_SYNC);
    const struct target targets[] = {large, missing, missing, large};
    struct ub_job job = fixture_job(&sync, READ);
    struct run run;
    test_context("two jobs that fail");
    job.flags |= UB_FLAG_PRE_READ;
    const struct spec spec = {.job = job, .njobs = 2, .nfiles = 2, .targets = targets, .own_targets = 1};
    run_threads(&run, &spec);
    check_failed(&run, 0, ENOENT, "open", 1);
    check_failed(&run, 1, ENOENT, "open", 0);
    CHECK(run.results[0].error_ns > run.results[1].error_ns);
    run_close(&run);
}

static void test_no_such_cpu(void)
{
    const struct variant sync = variant_of(UB_BACKEND_SYNC);
    struct ub_job job = fixture_job(&sync, READ);
    struct run run;
    test_context("no such CPU");
    job.ncpus = 1;
    job.cpus[UB_MAX_CPUS / 64 - 1] = UINT64_C(1) << 63;
    job.max_ios = 1;
    const struct spec spec = spec_of(job, 1, &good);
    run_threads(&run, &spec);
    check_failed(&run, 0, EINVAL, "set CPU affinity", UINT32_MAX);
    run_close(&run);
}

static void test_variant(const struct variant *variant)
{
    int mapped = variant->backend == UB_BACKEND_MMAP;
    if (variant->backend == UB_BACKEND_NULL)
        return; /* opens nothing, fails nothing */
    if (variant->features & UB_FEATURE_POPULATE) {
        test_populate_error(variant);
    } else {
        test_end_of_file_continued(variant);
        test_end_of_file(variant);
    }
    if (!mapped) /* the rest of a page is zeros */
        test_short_read(variant);
    test_missing_file(variant);
    test_directory(variant);
    if (!mapped && direct_is_strict())
        test_unaligned(variant);
}

int main(void)
{
    good = (struct target){.path = test_path("good"), .size = FILE_BYTES};
    cut = (struct target){.path = test_path("cut"), .size = 2 * FILE_BYTES};
    ragged = (struct target){.path = test_path("ragged"), .size = 64 * KIB};
    missing = (struct target){.path = test_path("missing"), .size = FILE_BYTES};
    test_stamp_file(good.path, FILE_BYTES, 1);
    test_stamp_file(ragged.path, ragged.size - 1024, 1);
    test_stamp_file(cut.path, FILE_BYTES, 1);
    large = (struct target){.path = test_path("large"), .size = 128 * MIB};
    test_stamp_file(large.path, 4096, 1);
    CHECK_EQ(truncate(large.path, (off_t)large.size), 0);
    each_variant(test_variant);
    test_other_flag();
    test_which_was_first();
    test_no_such_cpu();
    return 0;
}
