/*
 * The backend mmap: what is read is the file's, what is written reaches it, faults are counted, and SIGBUS is
 * an error of one I/O and of nothing else.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>
#include "fixture.h"

#define READ  (1u << UB_OP_READ)
#define WRITE (1u << UB_OP_WRITE)
#define BYTES MIB

static struct target whole;
static struct target part; /* begins and ends within pages */

static struct spec spec_of(struct ub_job job, uint32_t njobs, const struct target *target)
{
    return (struct spec){.job = job, .njobs = njobs, .nfiles = 1, .targets = target};
}

/* Whether nothing is ever read from a device for these files. */
static int in_memory(void)
{
    struct statfs fs;
    return statfs(test_dir(), &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

/* Each block once, each page of which has to be read: the kernel counts as many major faults as pages. */
static void test_faults(void)
{
    const struct variant variant = variant_of(UB_BACKEND_MMAP);
    struct ub_job job = fixture_job(&variant, READ);
    struct run run;
    struct rusage before, after;
    test_context("faults");
    job.flags |= UB_FLAG_INVALIDATE;
    job.fadvise = UB_FADVISE_RANDOM;
    job.max_ios = BYTES / 4096;
    const struct spec spec = spec_of(job, 1, &whole);
    getrusage(RUSAGE_SELF, &before);
    run_threads(&run, &spec);
    getrusage(RUSAGE_SELF, &after);
    const struct ub_usage *usage = &run.results[0].usage;
    CHECK_EQ(run.results[0].error, 0);
    if (!in_memory())
        CHECK_BETWEEN(job.max_ios, usage->major_faults, job.max_ios + 4);
    CHECK(usage->major_faults <= (uint64_t)(after.ru_majflt - before.ru_majflt));
    CHECK(usage->minor_faults <= (uint64_t)(after.ru_minflt - before.ru_minflt));
    CHECK(usage->minor_faults + usage->major_faults > 0);
    run_close(&run);

    /* Mapped and in memory before it begins: there is nothing left to fault for. */
    job.features = UB_FEATURE_POPULATE;
    const struct spec populated = spec_of(job, 1, &whole);
    run_threads(&run, &populated);
    CHECK_EQ(run.results[0].error, 0);
    CHECK_EQ(run.results[0].usage.major_faults, 0);
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__) /* which have memory of their own */
    CHECK_BETWEEN(0, run.results[0].usage.minor_faults, 16);
#endif
    run_close(&run);
}

/* A region that begins and ends within pages is written in its place, and nothing beside it. */
static void test_region(void)
{
    const struct variant variant = variant_of(UB_BACKEND_MMAP);
    struct ub_job job = fixture_job(&variant, WRITE);
    struct run run;
    uint64_t size;
    test_context("a region within pages");
    test_fill_file(part.path, BYTES, 0x55);
    job.bs[UB_OP_WRITE] = 512;
    job.max_ios = part.size / 512;
    const struct spec spec = spec_of(job, 1, &part);
    run_threads(&run, &spec);
    check_jobs(&run);
    run_close(&run);
    unsigned char *content = test_read_file(part.path, &size);
    CHECK_EQ(size, BYTES);
    for (uint64_t at = 0; at < size; at++)
        if (at < part.offset || at >= part.offset + part.size)
            CHECK_EQ(content[at], 0x55);
    for (uint64_t at = part.offset; at < part.offset + part.size; at += 512) {
        uint64_t word;
        memcpy(&word, content + at, sizeof word);
        CHECK_EQ(word, at);
    }
    free(content);
}

static sigjmp_buf out;
static volatile sig_atomic_t caught;

static void own_handler(int number)
{
    (void)number;
    caught++;
    siglongjmp(out, 1);
}

/* Reads behind the end of a file through a mapping of one's own. */
static void touch_missing(void)
{
    int fd = open(whole.path, O_RDONLY | O_CLOEXEC);
    unsigned char *map = mmap(NULL, 2 * BYTES, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(map != MAP_FAILED);
    close(fd);
    if (sigsetjmp(out, 1) == 0)
        (void)((volatile unsigned char *)map)[BYTES + 4096];
    munmap(map, 2 * BYTES);
}

/* Whoever had a handler has it again, also after jobs that had SIGBUS, and is given what is no job's. */
static void test_handler(void)
{
    const struct variant variant = variant_of(UB_BACKEND_MMAP);
    const struct target cut = {.path = whole.path, .size = 2 * BYTES};
    const struct sigaction mine = {.sa_handler = own_handler};
    struct sigaction now;
    struct ub_job job = fixture_job(&variant, READ);
    struct run run;
    test_context("handlers of SIGBUS");
    CHECK_EQ(sigaction(SIGBUS, &mine, NULL), 0);
    job.flags |= UB_FLAG_CONTINUE_READ;
    job.runtime_ns = UINT64_C(60000000000);
    const struct spec spec = spec_of(job, MANY_JOBS, &cut);
    run_open(&run, &spec);
    run_start(&run);
    run_wait_running(&run);
    for (int i = 1; i <= 20; i++) {
        touch_missing();
        CHECK_EQ(caught, i);
    }
    __atomic_store_n(&run.arena->stop, 1, __ATOMIC_RELAXED);
    run_join(&run);
    for (uint32_t j = 0; j < MANY_JOBS; j++) {
        CHECK_EQ(run.results[j].state, UB_STATE_FINISHED);
        CHECK(run.results[j].errors_total > 0 && run.results[j].errors[0].error == EIO);
        CHECK(run.results[j].errors[0].first_offset >= BYTES);
    }
    run_close(&run);
    CHECK_EQ(sigaction(SIGBUS, NULL, &now), 0);
    CHECK(now.sa_handler == own_handler);
    signal(SIGBUS, SIG_DFL);
}

int main(void)
{
    whole = (struct target){.path = test_path("whole"), .size = BYTES};
    part = (struct target){.path = test_path("part"), .size = 512 * 100, .offset = 512 * 9};
    test_stamp_file(whole.path, BYTES, 1);
    test_region();
    test_faults();
    test_handler();
    return 0;
}
