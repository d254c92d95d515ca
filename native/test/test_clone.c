/* Buffers that are registered once for all jobs of a process: each gets its own, and all are given back. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "fixture.h"

#define JOBS 4
#define IOS  300u

static struct target file;

static struct variant cloning(void)
{
    struct variant variant = variant_of(UB_BACKEND_IO_URING);
    variant.features = UB_FEATURE_FIXEDBUFS | UB_FEATURE_CLONE_BUFFERS;
    return variant;
}

static void open_jobs(struct run *run, uint32_t njobs)
{
    const struct variant variant = cloning();
    struct ub_job job = fixture_job(&variant, 1u << UB_OP_READ);
    job.max_ios = IOS;
    const struct spec spec = {.job = job, .njobs = njobs, .nfiles = 1, .targets = &file};
    run_open(run, &spec);
}

/* Other sizes and depths, and one among them that registers its own. */
static void test_shares(void)
{
    static const struct {
        uint64_t bs;
        uint32_t depth;
    } jobs[JOBS] = {{4096, 8}, {UINT64_C(64) << 10, 3}, {4096, 1}, {8192, 17}};
    struct run run;
    test_context("jobs of other sizes");
    int descriptors = test_open_descriptors();
    open_jobs(&run, JOBS);
    for (uint32_t j = 0; j < JOBS; j++) {
        run.jobs[j].bs[UB_OP_READ] = jobs[j].bs;
        run.jobs[j].iodepth = jobs[j].depth;
    }
    run.jobs[2].features = UB_FEATURE_FIXEDBUFS;
    run_start(&run);
    run_join(&run);
    check_jobs(&run);
    CHECK_EQ(run_sum_ios(&run, UB_OP_READ), JOBS * IOS);
    run_close(&run);
    CHECK_EQ(test_open_descriptors(), descriptors);
    CHECK_EQ(test_mappings("[io_uring]"), 0);
}

static void check_failed(const struct ub_result *result, uint32_t error, const char *stage)
{
    CHECK_EQ(result->state, UB_STATE_FAILED);
    CHECK_EQ(result->error, error);
    CHECK(strcmp(result->stage, stage) == 0);
}

/* What cannot be registered is said by the jobs, as if each had tried. */
static void test_too_large(void)
{
    struct run run;
    const struct target small = file;
    test_context("a block that is more than one buffer may be");
    file = (struct target){.path = test_path("large"), .size = UINT64_C(4) << 30};
    int fd = open(file.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    CHECK_EQ(ftruncate(fd, (off_t)file.size), 0);
    close(fd);
    open_jobs(&run, 2);
    for (uint32_t j = 0; j < 2; j++)
        run.jobs[j].bs[UB_OP_READ] = (UINT64_C(1) << 30) + 4096;
    run_start(&run);
    run_join(&run);
    for (uint32_t j = 0; j < 2; j++)
        check_failed(&run.results[j], E2BIG, "register buffers");
    run_close(&run);
    file = small;
}

/* There the descriptors of nobody are known. */
static void test_no_thread_of_ours(void)
{
    struct run run;
    test_context("a job on a runtime's thread");
    open_jobs(&run, 1);
    CHECK_EQ(ub_job_call(run.arena, 0), 0);
    check_failed(&run.results[0], EOPNOTSUPP, "clone buffers of a job that is no thread");
    run_close(&run);
}

int main(void)
{
    char stage[UB_STAGE_BYTES];
    const struct variant variant = cloning();
    int ret = ub_probe(UB_BACKEND_IO_URING, variant.features, 1u << UB_OP_READ, 8, 8 * KIB * 64, JOBS, stage);
    if (ret < 0)
        test_skip("%s: %s", stage, strerror(-ret));
    file = (struct target){.path = test_path("file"), .size = 4 * MIB};
    test_stamp_file(file.path, file.size, 1);
    test_shares();
    test_too_large();
    test_no_thread_of_ours();
    return 0;
}
