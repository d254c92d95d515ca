/*
 * Tracing counts what the jobs themselves did: reads, switches and requests to the last one, and the times of
 * their threads add up to the window. Needs root, the kernel's type information and libbpf. With
 * an argument: of that block device, which is only read; of NVMe with poll queues also that polling has no
 * interrupts. With a second one: only what a kernel may do in other ways.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "fixture.h"

#define READ    (1u << UB_OP_READ)
#define IOS     1500u
#define THREADS 64
#define MS      UINT64_C(1000000)
/* A guest's kernel may show programs nothing of what comes while a thread of process 1 is current
 * (docs/EXPLAIN.md): then it is looked at again. */
#define TRIES       40
#define MERGED_MOST 16u

static struct target file;
static void *tracer;
static int marks_fd;

/* What was read of the tracer after a run. */
static struct {
    struct ub_explain_thread threads[THREADS];
    int nthreads;
    struct ub_explain_sleep sleeps[256];
    int nsleeps;
    struct ub_explain_totals totals;
    struct ub_explain_irq irqs[128];
    int nirqs;
    struct ub_explain_run run;
} seen;

static void read_all(void)
{
    memset(&seen, 0, sizeof seen);
    seen.nthreads = ub_explain_read(tracer, UB_EXPLAIN_READ_THREADS, seen.threads, sizeof seen.threads);
    seen.nsleeps = ub_explain_read(tracer, UB_EXPLAIN_READ_SLEEPS, seen.sleeps, sizeof seen.sleeps);
    CHECK_EQ(ub_explain_read(tracer, UB_EXPLAIN_READ_TOTALS, &seen.totals, sizeof seen.totals), 1);
    seen.nirqs = ub_explain_read(tracer, UB_EXPLAIN_READ_IRQS, seen.irqs, sizeof seen.irqs);
    CHECK_EQ(ub_explain_read(tracer, UB_EXPLAIN_READ_RUN, &seen.run, sizeof seen.run), 1);
    CHECK(seen.nthreads >= 0 && seen.nsleeps >= 0 && seen.nirqs >= 0);
}

/* One run with tracing on. */
static void trace(struct run *run, const struct spec *spec)
{
    char says[UB_EXPLAIN_SAYS_BYTES] = "";
    int ret = ub_explain_start(tracer, 0, says);
    if (ret < 0)
        test_fail(__FILE__, __LINE__, "start: %d %s", ret, says);
    run_open(run, spec);
    run->arena->explain_fd = marks_fd;
    run_start(run);
    run_join(run);
    CHECK_EQ(ub_explain_stop(tracer), 0);
    if (!spec->job.ramp_ns) /* else some of the I/Os were submitted before */
        check_jobs(run);
    read_all();
}

/* What is wrong with what was seen: NULL when nothing is. The first difference, in words. */
static char wrong[200];
static int differs(const char *what, uint64_t got, uint64_t low, uint64_t high)
{
    if (got >= low && got <= high)
        return 0;
    snprintf(wrong, sizeof wrong, "%s: %llu is not in %llu .. %llu", what, (unsigned long long)got,
             (unsigned long long)low, (unsigned long long)high);
    return 1;
}

/* Its states add up to the time that it was there, and its sleeps to that it slept. */
static int check_thread(const struct ub_explain_thread *thread)
{
    uint64_t asleep = 0, sum = thread->run_ns + thread->ready_ns + thread->sleep_ns;
    for (int i = 0; i < seen.nsleeps; i++)
        if (seen.sleeps[i].tid == thread->tid)
            asleep += seen.sleeps[i].ns;
    uint64_t alive = thread->alive_ns;
    return differs("states", sum, alive - (alive < MS ? alive : alive / 100 + MS / 10),
                   alive + alive / 100 + MS / 10) ||
           differs("time asleep by calls", asleep, thread->sleep_ns, thread->sleep_ns) ||
           differs("on a CPU by the clock", thread->on_cpu_ns, 0, alive);
}

/* A job's thread: as getrusage has it. */
static int check_job(const struct run *run, uint32_t job)
{
    const struct ub_explain_thread *thread = NULL;
    const struct ub_usage *usage = &run->results[job].usage;
    for (int i = 0; i < seen.nthreads; i++)
        if (seen.threads[i].slot == job + 1)
            thread = &seen.threads[i];
    if (!thread)
        return differs("threads of a job", 0, 1, 1);
    uint64_t cpu_ns = usage->usr_ns + usage->sys_ns,
             window_ns = run->results[job].end_ns - run->results[job].begin_ns;
    char name[24];
    snprintf(name, sizeof name, "ub-job-%u", job);
    uint64_t woken = 0;
    for (uint32_t i = 0; i < UB_WAKERS; i++)
        woken += thread->wakeups[i];
    /* a thread's name is looked at when it leaves the CPU */
    int named = thread->voluntary + thread->involuntary == 0 ||
                strncmp(thread->name, name, sizeof thread->name - 1) == 0;
    return differs("the job's name", (uint64_t)named, 1, 1) ||
           differs("voluntary switches", thread->voluntary, usage->voluntary, usage->voluntary) ||
           differs("involuntary switches", thread->involuntary, usage->involuntary, usage->involuntary) ||
           /* one that is woken while it still goes to sleep need not be */
           differs("wake-ups", woken, thread->voluntary * 4 / 5, thread->voluntary) ||
           /* getrusage knows CPU time to the last tick */
           differs("CPU time", thread->run_ns + 10 * MS, cpu_ns - cpu_ns / 50,
                   cpu_ns + cpu_ns / 50 + 20 * MS) ||
           differs("the job's window", thread->alive_ns, window_ns - MS / 2,
                   window_ns + window_ns / 50 + 5 * MS) ||
           check_thread(thread);
}

static int check_threads(const struct run *run)
{
    for (uint32_t i = 0; i < run->njobs; i++)
        if (check_job(run, i))
            return 1;
    for (int i = 0; i < seen.nthreads; i++)
        if (check_thread(&seen.threads[i]))
            return 1;
    return 0;
}

static uint64_t submits(void)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < UB_EXPLAIN_OPCODES; i++)
        sum += seen.totals.submits[i];
    return sum;
}

/* What an expectation says beside that all I/Os went to the device once. */
struct expect {
    uint32_t polled; /* without interrupts */
    uint32_t uring;  /* all of them were io_uring's */
    uint32_t punted; /* and went to its workers */
    uint32_t helpers;
};

/* Of all devices: polling needs none. */
static uint64_t interrupts(void)
{
    uint64_t sum = 0;
    for (int i = 0; i < seen.nirqs; i++)
        if (seen.irqs[i].kind == UB_IRQ_HARD)
            sum += seen.irqs[i].count;
    return sum;
}

static int check_io(const struct run *run, uint64_t ramp_ns, const struct expect *expect)
{
    uint64_t ios = run_sum_ios(run, UB_OP_READ), most = ramp_ns ? UINT64_MAX : ios;
    /* Of what is submitted at once, neighbours become one request: always the same few, as the order is.
     * After a ramp some of the first had been done already, and were not yet reaped. */
    uint64_t least = ios - (ramp_ns ? 64 : MERGED_MOST);
    const struct ub_explain_totals *sum = &seen.totals;
    uint64_t uring = expect->uring ? ios : 0;
    return differs("completed", sum->completed + sum->lost, least, ios) ||
           differs("bytes", sum->bytes + sum->lost * 4096, (ramp_ns ? least : ios) * 4096, ios * 4096) ||
           differs("started", sum->started, least, most) ||
           differs("issued", sum->issued, least, UINT64_MAX) || differs("errors", sum->errors, 0, 0) ||
           differs("time at the device", sum->device_ns, sum->depth_ns, UINT64_MAX) ||
           differs("completions of io_uring", sum->completions, uring, uring) ||
           differs("submissions to io_uring", submits(), uring ? (ramp_ns ? ios - 64 : ios) : 0, uring) ||
           differs("punted", sum->punted, expect->punted ? ios : 0, expect->punted ? ios : 0) ||
           differs("helpers", (uint64_t)seen.nthreads - run->njobs, expect->helpers,
                   expect->helpers ? THREADS : 0) ||
           differs("polled", sum->poll, expect->polled ? ios : 0, expect->polled ? ios : 0) ||
           differs("interrupts", interrupts(), 0, expect->polled ? ios / 20 : UINT64_MAX) ||
           differs("the window", seen.run.window_ns, MS, 3600 * 1000 * MS);
}

static void test_direct(uint32_t backend, uint64_t features, uint32_t njobs, uint64_t ramp_ns,
                        struct expect expect)
{
    struct variant variant = variant_of(backend);
    variant.features = features;
    char stage[UB_STAGE_BYTES];
    test_context("%s %llx, %u jobs", variant.name, (unsigned long long)features, njobs);
    if (ub_probe(backend, features, READ, 8, 4096, njobs, stage) < 0) {
        test_note("%s %llx: %s", variant.name, (unsigned long long)features, stage);
        return;
    }
    struct ub_job job = fixture_job(&variant, READ);
    job.flags |= UB_FLAG_DIRECT;
    job.ramp_ns = ramp_ns;
    job.max_ios = IOS;
    const struct spec spec = {.job = job, .njobs = njobs, .nfiles = 1, .targets = &file};
    for (int i = 0; i < TRIES; i++) {
        struct run run;
        wrong[0] = 0;
        trace(&run, &spec);
        int differ = check_threads(&run) || check_io(&run, ramp_ns, &expect);
        run_close(&run);
        if (!differ)
            return;
    }
    test_fail(__FILE__, __LINE__, "%d times; the last one: %s", TRIES, wrong);
}

/* With the hooks that cost much: each read is a system call, and some of the CPU time is seen in the kernel.
 */
static void test_full(void)
{
    struct variant sync = variant_of(UB_BACKEND_SYNC);
    struct ub_job job = fixture_job(&sync, READ);
    job.max_ios = 20 * IOS; /* of the cache: some 10 ms and more */
    const struct spec spec = {.job = job, .njobs = 1, .nfiles = 1, .targets = &file};
    test_context("full");
    for (int i = 0; i < TRIES; i++) {
        static struct ub_explain_syscall calls[256];
        static struct ub_explain_sample samples[4096];
        struct run run;
        uint64_t reads = 0, sampled = 0;
        trace(&run, &spec);
        int ncalls = ub_explain_read(tracer, UB_EXPLAIN_READ_SYSCALLS, calls, sizeof calls);
        int nsamples = ub_explain_read(tracer, UB_EXPLAIN_READ_SAMPLES, samples, sizeof samples);
        for (int n = 0; n < ncalls; n++)
            if (strcmp(ub_syscall_name(calls[n].syscall), "pread64") == 0)
                reads += calls[n].count;
        for (int n = 0; n < nsamples; n++)
            sampled += samples[n].frames ? samples[n].count : 0;
        uint64_t ios = run_sum_ios(&run, UB_OP_READ);
        run_close(&run);
        if (!differs("reads", reads, ios, ios) && !differs("samples in the kernel", sampled, 1, UINT64_MAX))
            return;
    }
    test_fail(__FILE__, __LINE__, "%d times; the last one: %s", TRIES, wrong);
}

static void open_tracer(uint32_t full)
{
    char says[UB_EXPLAIN_SAYS_BYTES] = "";
    marks_fd = ub_explain_open(full, &tracer, says);
    if (marks_fd < 0)
        test_fail(__FILE__, __LINE__, "open: %d %s", marks_fd, says);
}

/* Nothing of it stays: descriptors and mappings are those of before. */
static void test_leaves_nothing(int descriptors)
{
    test_context("close");
    CHECK_EQ(ub_explain_close(tracer), 0);
    CHECK_EQ(test_open_descriptors(), descriptors);
    CHECK_EQ(test_mappings("bpf-map"), 0);
}

/* A job whose arena names no map of marks is not seen. */
static void test_unmarked(void)
{
    struct variant sync = variant_of(UB_BACKEND_SYNC);
    struct ub_job job = fixture_job(&sync, READ);
    struct run run;
    char says[UB_EXPLAIN_SAYS_BYTES];
    test_context("not marked");
    job.max_ios = 10;
    const struct spec spec = {.job = job, .njobs = 1, .nfiles = 1, .targets = &file};
    CHECK_EQ(ub_explain_start(tracer, 0, says), 0);
    run_threads(&run, &spec);
    CHECK_EQ(ub_explain_stop(tracer), 0);
    read_all();
    CHECK_EQ(seen.nthreads, 0);
    CHECK_EQ(seen.run.window_ns, 0);
    run_close(&run);
}

/* The builds of this test run beside each other: one traces at a time. Held until the process ends. */
static void wait_for_turn(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0uring-bench-test-explain"};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    while (bind(fd, (const struct sockaddr *)&name, sizeof name) < 0) {
        CHECK_EQ(errno, EADDRINUSE);
        usleep(100000);
    }
}

static void test_more(int device)
{
    const struct expect plain = {0}, pool = {.helpers = 1};
    test_direct(UB_BACKEND_SYNC, 0, 2, 0, plain);
    test_direct(UB_BACKEND_POSIX_AIO, 0, 1, 0, pool);
    test_direct(UB_BACKEND_LINUX_AIO, 0, 1, 50 * MS, plain);
    test_direct(UB_BACKEND_THREADPOOL, 0, 1, 0, pool);
    test_direct(UB_BACKEND_IO_URING, UB_FEATURE_SQPOLL, 1, 0, (struct expect){.uring = 1, .helpers = 1});
    if (device)
        test_direct(UB_BACKEND_IO_URING, UB_FEATURE_IOPOLL, 1, 0, (struct expect){.uring = 1, .polled = 1});
}

int main(int argc, char **argv)
{
    wait_for_turn();
    int descriptors = test_open_descriptors(), ret = ub_explain_probe();
    if (ret != 0)
        test_skip("nothing can be traced here: %d", ret);
    open_tracer(0);
    file = (struct target){.path = test_path("data"), .size = 16 * MIB};
    if (argc > 1)
        file = (struct target){.path = argv[1], .size = 16 * MIB, .kind = 1};
    else
        test_stamp_file(file.path, file.size, 7);
    test_unmarked();
    if (argc > 1 || test_can_direct()) {
        const struct expect plain = {0}, uring = {.uring = 1};
        test_direct(UB_BACKEND_SYNC, 0, 1, 0, plain);
        test_direct(UB_BACKEND_LINUX_AIO, 0, 1, 0, plain);
        test_direct(UB_BACKEND_IO_URING, 0, 1, 0, uring);
        test_direct(UB_BACKEND_IO_URING, UB_FEATURE_FORCE_ASYNC, 1, 0,
                    (struct expect){.uring = 1, .punted = 1, .helpers = 1});
        if (argc <= 2)
            test_more(argc > 1);
    } else {
        test_note("no direct I/O in %s", test_dir());
    }
    test_leaves_nothing(descriptors);
    open_tracer(1);
    test_full();
    test_leaves_nothing(descriptors);
    return 0;
}
