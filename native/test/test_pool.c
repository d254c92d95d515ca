/*
 * The pool of threadpool: as many threads as were asked for, which sleep when there is nothing to do; every
 * request is made once, whatever the numbers of workers, requests in flight and in a batch; what it calls and
 * uses is counted; it ends with its job, and leaves alone what a call that does not end may still touch.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "fixture.h"
#include "loop.h"
#include "pool.h"

#define READ  (1u << UB_OP_READ)
#define WRITE (1u << UB_OP_WRITE)
#define MS    UINT64_C(1000000)

static struct target file;

static struct ub_job pool_job(uint64_t features, uint32_t threads)
{
    struct variant variant = variant_of(UB_BACKEND_THREADPOOL);
    variant.features = features;
    struct ub_job job = fixture_job(&variant, READ);
    job.pool_threads = threads;
    return job;
}

struct seen {
    uint32_t threads;
    uint64_t switches;
};

/* The pools' threads of this process, as /proc has them. */
static struct seen pool_threads(void)
{
    struct seen seen = {0};
    DIR *dir = opendir("/proc/self/task");
    CHECK(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[320], status[4096];
        snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? 0 : read(fd, status, sizeof status - 1);
        if (fd >= 0)
            close(fd);
        if (n <= 0)
            continue;
        status[n] = 0;
        if (strncmp(status, "Name:\tub-pool-", 14) != 0)
            continue;
        seen.threads++;
        static const char *const names[] = {"\nvoluntary_ctxt_switches:", "\nnonvoluntary_ctxt_switches:"};
        for (size_t i = 0; i < 2; i++) {
            const char *at = strstr(status, names[i]);
            CHECK(at);
            seen.switches += strtoull(at + strlen(names[i]), NULL, 10);
        }
    }
    closedir(dir);
    return seen;
}

static void test_every_request_once(void)
{
    static const uint32_t threads[] = {1, 2, 7}, depths[] = {1, 3, 32}, batches[] = {1, 5};
    for (uint32_t spin = 0; spin < 2; spin++)
        for (size_t i = 0; i < 3 * 3 * 2; i++) {
            struct ub_job job = pool_job(spin ? UB_FEATURE_SPIN : 0, threads[i % 3]);
            struct run run;
            job.iodepth = depths[i / 3 % 3];
            job.batch_submit = batches[i / 9];
            job.batch_complete_min = job.iodepth / 2;
            job.batch_complete_max = job.iodepth / 2 + 1;
            job.max_ios = 400;
            test_context("%u workers, depth %u, batches of %u%s", job.pool_threads, job.iodepth,
                         job.batch_submit, spin ? ", spin" : "");
            const struct spec spec = {.job = job, .njobs = 2, .nfiles = 1, .targets = &file};
            run_threads(&run, &spec);
            check_jobs(&run);
            CHECK_EQ(pool_threads().threads, 0); /* they have been joined */
            run_close(&run);
        }
}

/* Without anything to do nobody runs: each thread sleeps until it is woken. */
static void test_idle(void)
{
    struct ub_job job = pool_job(0, 3);
    struct run run;
    test_context("idle");
    job.thinktime_ns = 300 * MS;
    job.runtime_ns = 700 * MS;
    job.iodepth = 1;
    const struct spec spec = {.job = job, .njobs = 2, .nfiles = 1, .targets = &file};
    run_open(&run, &spec);
    run_start(&run);
    run_wait_running(&run);
    test_sleep_ms(50);
    struct seen before = pool_threads();
    CHECK_EQ(before.threads, 6);
    test_sleep_ms(100);
    CHECK_EQ(pool_threads().switches, before.switches);
    run_join(&run);
    check_jobs(&run);
    run_close(&run);
}

/* Linked in place of the library's (ld --wrap): where the window begins and ends, on the job's thread. */
void __real_ub_measure_begin(struct ub_ctx *ctx);
void __real_ub_measure_ramp_over(struct ub_ctx *ctx);
void __real_ub_measure_leave(struct ub_ctx *ctx);
void __wrap_ub_measure_begin(struct ub_ctx *ctx);
void __wrap_ub_measure_ramp_over(struct ub_ctx *ctx);
void __wrap_ub_measure_leave(struct ub_ctx *ctx);

static struct seen at_begin, at_end;

void __wrap_ub_measure_begin(struct ub_ctx *ctx)
{
    if (ctx->arena->njobs == 1)
        at_begin = pool_threads();
    __real_ub_measure_begin(ctx);
}

void __wrap_ub_measure_ramp_over(struct ub_ctx *ctx)
{
    if (ctx->arena->njobs == 1)
        at_begin = pool_threads();
    __real_ub_measure_ramp_over(ctx);
}

void __wrap_ub_measure_leave(struct ub_ctx *ctx)
{
    if (ctx->arena->njobs == 1)
        at_end = pool_threads();
    __real_ub_measure_leave(ctx);
}

/*
 * What helpers used is what the kernel says of these threads, one by one. At both ends they sleep, or are on
 * their way there on a busy machine; only at the end of a ramp they go on while they are looked at.
 */
static void test_use(uint64_t ramp_ns)
{
    struct ub_job job = pool_job(0, 4);
    struct run run;
    test_context("use, ramp of %u ms", (unsigned)(ramp_ns / MS));
    job.ramp_ns = ramp_ns;
    job.runtime_ns = 300 * MS;
    job.flags |= test_can_direct() ? UB_FLAG_DIRECT : 0;
    const struct spec spec = {.job = job, .njobs = 1, .nfiles = 1, .targets = &file};
    run_threads(&run, &spec);
    check_jobs(&run);
    const struct ub_usage *helpers = &run.processes[0].helpers;
    uint64_t counted = helpers->voluntary + helpers->involuntary;
    double seen = (double)(at_end.switches - at_begin.switches);
    CHECK(at_begin.threads == 4 && at_end.threads == 4);
    CHECK(seen > 20 && helpers->usr_ns + helpers->sys_ns > 0);
    CHECK_BETWEEN(ramp_ns ? 0.7 * seen - 50 : 0.995 * seen - 5, counted, seen + 20);
    run_close(&run);
}

/* One call wakes as many as a batch needs: fewer calls than requests, with four handed over at a time. */
static void test_batched_wakes(void)
{
    struct ub_job job = pool_job(0, 4);
    struct run run;
    test_context("wakes of batches");
    job.iodepth = job.batch_submit = job.batch_complete_min = job.batch_complete_max = 4;
    job.max_ios = 400;
    const struct spec spec = {.job = job, .njobs = 1, .nfiles = 1, .targets = &file};
    run_threads(&run, &spec);
    check_jobs(&run);
    /* Of each batch: the job wakes and sleeps, the last of the four wakes it, and each of them sleeps. */
    CHECK_BETWEEN(1, run.results[0].syscalls[UB_SYS_FUTEX], 8 * 400 / 4 + 8);
    run_close(&run);
}

static void test_writes(void)
{
    struct ub_job job = pool_job(0, 3);
    struct run run;
    test_context("writes and syncs");
    job.op_mask = WRITE;
    job.fsync = 5;
    job.fdatasync = 7;
    job.max_ios = 100;
    const struct target target = {.path = test_path("written"), .size = MIB};
    int fd = open(target.path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    CHECK_EQ(ftruncate(fd, (off_t)target.size), 0);
    close(fd);
    const struct spec spec = {.job = job, .njobs = 1, .nfiles = 1, .targets = &target};
    run_threads(&run, &spec);
    check_jobs(&run);
    CHECK_EQ(run.results[0].syscalls[UB_SYS_PWRITE], 100);
    CHECK_EQ(run.results[0].syscalls[UB_SYS_FSYNC] + run.results[0].syscalls[UB_SYS_FDATASYNC],
             run.results[0].ops[UB_OP_SYNC].ios);
    run_close(&run);
}

/*
 * A read of a FIFO without a writer's data does not end. The pool is given up: nobody waits, and its memory
 * is there when the read ends after all.
 */
static void test_stuck(void)
{
    static unsigned char buffer[16];
    const char *path = test_path("fifo");
    static struct ub_pool *pool; /* never freed */
    test_context("a call that does not end");
    CHECK_EQ(mkfifo(path, 0600), 0);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    CHECK(fd >= 0);
    CHECK_EQ(ub_pool_create(&pool, 4, 2), 0);
    pool->vectored = 1;
    pool->clock = *ub_clock_get();
    CHECK_EQ(ub_pool_start(pool, 2), 0);
    uint64_t calls = 0;
    const uint32_t slots[3] = {0, 1, 2};
    for (uint32_t i = 0; i < 3; i++)
        pool->requests[i] = (struct ub_request){
            .buffer = buffer, .len = 1, .fd = fd, .op = UB_OP_READ, .io.offset = UINT64_MAX};
    CHECK_EQ(ub_queue_put(&pool->queue, slots, 3), 1);
    CHECK_EQ(ub_pool_wake(pool, &calls), 0);
    CHECK_EQ(calls, 1);
    while (ub_queue_length(&pool->queue) > 1)
        test_sleep_ms(1);
    CHECK_EQ(ub_pool_withdraw(pool), 1); /* both workers are at it: the third is nobody's yet */
    CHECK_EQ(ub_pool_wait_for(pool, 1, UB_WAIT_NS, &calls), 0);
    uint64_t asked = test_now_ns();
    ub_pool_destroy(pool, 1);
    CHECK_BETWEEN(0, test_now_ns() - asked, 1e9);
    CHECK_EQ(pool_threads().threads, 2);
    CHECK_EQ(write(fd, "ab", 2), 2);
    for (uint32_t tries = 0; pool_threads().threads > 0; tries++) {
        CHECK(tries < 5000);
        test_sleep_ms(1);
    }
    uint32_t given_back = 0;
    for (uint32_t at = ub_returns_take(&pool->returns, pool->requests); at;
         at = pool->requests[at - 1].next) {
        CHECK_EQ(pool->requests[at - 1].res, 1); /* preadv2 with offset -1 reads on, as read does */
        given_back++;
    }
    CHECK_EQ(given_back, 2);
    close(fd);
}

/* More threads than may be: the job says so, and those that were started end. */
static void test_too_many(void)
{
    struct ub_job job = pool_job(0, 64);
    struct run run;
    struct rlimit limit, few;
    test_context("more threads than may be");
    if (geteuid() == 0) {
        test_note("root may have any number of threads");
        return;
    }
    CHECK_EQ(getrlimit(RLIMIT_NPROC, &limit), 0);
    few = (struct rlimit){.rlim_cur = 1, .rlim_max = limit.rlim_max};
    job.max_ios = 1;
    const struct spec spec = {.job = job, .njobs = 1, .nfiles = 1, .targets = &file};
    run_open(&run, &spec);
    CHECK_EQ(setrlimit(RLIMIT_NPROC, &few), 0);
    CHECK_EQ(ub_job_call(run.arena, 0), 0);
    CHECK_EQ(setrlimit(RLIMIT_NPROC, &limit), 0);
    CHECK_EQ(run.results[0].error, EAGAIN);
    CHECK(strcmp(run.results[0].stage, "start worker threads") == 0);
    CHECK_EQ(pool_threads().threads, 0);
    run_close(&run);
}

int main(void)
{
    file = (struct target){.path = test_path("file"), .size = MIB};
    test_stamp_file(file.path, file.size, 1);
    test_every_request_once();
    test_idle();
    test_use(0);
    test_use(100 * MS);
    test_batched_wakes();
    test_writes();
    test_stuck();
    test_too_many();
    return 0;
}
