/*
 * Jobs as processes (--isolation process): the worker executable, which lies beside this test, on an arena
 * that it is given as descriptor 3.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "fixture.h"

#define READ (1u << UB_OP_READ)
#define JOBS 2

static struct target files[2];
static char worker[4096];

static void find_worker(void)
{
    ssize_t n = readlink("/proc/self/exe", worker, sizeof worker - 32);
    CHECK(n > 0);
    worker[n] = 0;
    static const char name[] = "uring-bench-worker";
    memcpy(strrchr(worker, '/') + 1, name, sizeof name);
    CHECK_EQ(access(worker, X_OK), 0);
}

/* As node's spawn does it: the arena becomes descriptor 3, nothing else is inherited. */
static pid_t start_worker(int fd, const char *fd_text, const char *index, int quiet)
{
    char parent[16];
    snprintf(parent, sizeof parent, "%d", getpid());
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid > 0)
        return pid;
    if (fd == 3)
        fcntl(3, F_SETFD, 0);
    else
        dup2(fd, 3); /* which is not close-on-exec */
    if (quiet)
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 2);
    execl(worker, worker, fd_text, index, parent, (char *)NULL);
    _exit(127);
}

static int exit_code(pid_t pid)
{
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status))
        test_fail(__FILE__, __LINE__, "the worker was killed by signal %d", WTERMSIG(status));
    return WEXITSTATUS(status);
}

static void start_all(const struct run *run, pid_t pids[JOBS])
{
    for (uint32_t j = 0; j < JOBS; j++) {
        char index[16];
        snprintf(index, sizeof index, "%u", j);
        pids[j] = start_worker(run->fd, "3", index, 0);
    }
}

static void wait_all(const pid_t pids[JOBS])
{
    for (uint32_t j = 0; j < JOBS; j++)
        CHECK_EQ(exit_code(pids[j]), 0);
}

static struct spec spec_of(struct ub_job job)
{
    return (struct spec){.job = job, .njobs = JOBS, .nfiles = 2, .targets = files, .processes = 1};
}

/* Only posix-aio and threadpool have helper threads here; what they use is theirs and not the job's. */
static void check_helpers(const struct run *run, const struct variant *variant)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    for (uint32_t j = 0; j < JOBS; j++) {
        const struct ub_usage *helpers = &run->processes[j].helpers;
        uint64_t switches = helpers->voluntary + helpers->involuntary;
        double window = (double)(run->results[j].end_ns - run->results[j].begin_ns);
        double cpu = (double)helpers->usr_ns + (double)helpers->sys_ns;
        CHECK_EQ(run->processes[j].measured, 1);
        CHECK_EQ(run->processes[j].finished, 1);
        CHECK_BETWEEN(0, cpu, (window + 1e8) * (double)cpus);
        if (variant->backend == UB_BACKEND_POSIX_AIO || variant->backend == UB_BACKEND_THREADPOOL) {
            CHECK(switches > 0);
            CHECK(cpu > 0);
        } else if (variant->backend != UB_BACKEND_IO_URING) {
            CHECK_BETWEEN(0, switches, 20);
            CHECK_BETWEEN(0, cpu, 2e7);
        }
    }
}

static void test_reads(const struct variant *variant)
{
    static uint64_t known[JOBS];
    struct ub_job job = fixture_job(variant, READ);
    pid_t pids[JOBS];
    struct run run;
    test_context("%s", variant->name);
    if (variant->features & UB_FEATURE_CLONE_BUFFERS)
        return; /* of jobs that share their memory */
    job.max_ios = 2000;
    const struct spec spec = spec_of(job);
    run_open(&run, &spec);
    start_all(&run, pids);
    wait_all(pids);
    check_jobs(&run);
    check_helpers(&run, variant);
    for (uint32_t j = 0; j < JOBS; j++) {
        CHECK_EQ(run.results[j].tid, pids[j]);
        if (known[j] == 0)
            known[j] = run.results[j].offsets_hash;
        CHECK_EQ(run.results[j].offsets_hash, known[j]);
    }
    run_close(&run);
}

static void test_stop(void)
{
    const struct variant sync = variant_of(UB_BACKEND_SYNC);
    struct ub_job job = fixture_job(&sync, READ);
    pid_t pids[JOBS];
    struct run run;
    test_context("stop");
    job.runtime_ns = UINT64_C(60000000000);
    const struct spec spec = spec_of(job);
    run_open(&run, &spec);
    start_all(&run, pids);
    run_wait_running(&run);
    for (uint32_t j = 0; j < JOBS; j++) { /* what a terminal sends to all; ending is the parent's to say */
        CHECK_EQ(kill(pids[j], SIGINT), 0);
        CHECK_EQ(kill(pids[j], SIGTERM), 0);
    }
    test_sleep_ms(100);
    for (uint32_t j = 0; j < JOBS; j++)
        CHECK_EQ(waitpid(pids[j], NULL, WNOHANG), 0);
    uint64_t asked = test_now_ns();
    ub_arena_stop(run.arena);
    wait_all(pids);
    CHECK_BETWEEN(0, test_now_ns() - asked, 1e9);
    check_jobs(&run);
    CHECK(run_sum_ios(&run, UB_OP_READ) > 0);
    run_close(&run);
}

/* A job that fails is the arena's to tell; its process has done what it should. */
static void test_failure(void)
{
    const struct variant sync = variant_of(UB_BACKEND_SYNC);
    struct ub_job job = fixture_job(&sync, READ);
    const struct target targets[JOBS * 2] = {
        files[0], files[1], files[0], {.path = test_path("missing"), .size = MIB}};
    pid_t pids[JOBS];
    struct run run;
    test_context("missing file");
    job.runtime_ns = UINT64_C(60000000000);
    struct spec spec = spec_of(job);
    spec.targets = targets;
    spec.own_targets = 1;
    run_open(&run, &spec);
    start_all(&run, pids);
    wait_all(pids);
    CHECK_EQ(run.results[0].state, UB_STATE_FINISHED);
    CHECK_EQ(run.results[1].state, UB_STATE_FAILED);
    CHECK_EQ(run.results[1].error, ENOENT);
    CHECK(strcmp(run.results[1].stage, "open") == 0);
    CHECK_EQ(run.results[1].error_file, 1);
    run_close(&run);
}

/* A worker must not outlive whoever started it. */
static void test_orphan(void)
{
    const struct variant sync = variant_of(UB_BACKEND_SYNC);
    struct ub_job job = fixture_job(&sync, READ);
    int pipe_fd[2];
    struct run run;
    test_context("orphan");
    job.runtime_ns = UINT64_C(60000000000);
    const struct spec spec = spec_of(job);
    run_open(&run, &spec);
    CHECK_EQ(pipe(pipe_fd), 0); /* not close-on-exec: at its end when all that hold it are gone */
    pid_t parent = fork();
    CHECK(parent >= 0);
    if (parent == 0) {
        pid_t pids[JOBS];
        close(pipe_fd[0]);
        start_all(&run, pids);
        pause();
        _exit(0);
    }
    close(pipe_fd[1]);
    run_wait_running(&run);
    CHECK_EQ(kill(parent, SIGKILL), 0);
    CHECK_EQ(waitpid(parent, NULL, 0), parent);
    uint64_t killed = test_now_ns();
    char byte;
    CHECK_EQ(read(pipe_fd[0], &byte, 1), 0);
    CHECK_BETWEEN(0, test_now_ns() - killed, 5e9);
    close(pipe_fd[0]);
    run_close(&run);
}

static void test_refusals(void)
{
    const struct variant sync = variant_of(UB_BACKEND_SYNC);
    struct spec spec = spec_of(fixture_job(&sync, READ));
    struct run run;
    spec.job.max_ios = 1;
    run_open(&run, &spec);
    test_context("job that isn't there");
    CHECK_EQ(exit_code(start_worker(run.fd, "3", "2", 1)), 1);
    test_context("closed descriptor");
    CHECK_EQ(exit_code(start_worker(run.fd, "77", "0", 1)), 1);
    test_context("wrong magic number");
    run.arena->magic ^= 1;
    CHECK_EQ(exit_code(start_worker(run.fd, "3", "0", 1)), 1);
    run.arena->magic ^= 1;
    test_context("other version of the ABI");
    run.arena->abi_version++;
    CHECK_EQ(exit_code(start_worker(run.fd, "3", "0", 1)), 1);
    CHECK_EQ(run.results[0].state, UB_STATE_NEW);
    CHECK_EQ(run.arena->arrived, 0);
    run_close(&run);

    test_context("empty descriptor");
    int fd = memfd_create("empty", MFD_CLOEXEC);
    CHECK_EQ(exit_code(start_worker(fd, "3", "0", 1)), 1);
    close(fd);
}

int main(void)
{
    find_worker();
    for (uint32_t i = 0; i < 2; i++) {
        files[i] = (struct target){.path = test_path("file-%u", i), .size = MIB};
        test_stamp_file(files[i].path, MIB, i + 1);
    }
    each_variant(test_reads);
    test_stop();
    test_failure();
    test_orphan();
    test_refusals();
    return 0;
}
