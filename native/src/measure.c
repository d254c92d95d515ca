/*
 * The measured window. Context switches and CPU time are the kernel's own counts for everything that the
 * backend used: each job's thread by RUSAGE_THREAD; helper threads (glibc's aio pool, threadpool's workers,
 * iou-wrk, iou-sqp) as the rest of RUSAGE_SELF, which also holds what threads that have ended had used, less
 * the jobs and the runtime's own threads. The last job to arrive at the barrier and the last to leave the
 * loop look at the process.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "loop.h"

/* A process at one moment. */
struct snapshot {
    struct ub_usage self; /* all of it */
    /* Switches and, in usr_ns, all CPU time: */
    struct ub_usage jobs;    /* of the jobs' threads */
    struct ub_usage runtime; /* of threads that serve no backend */
};

static struct snapshot at_start; /* a process runs one arena at a time */

static uint64_t timeval_ns(struct timeval tv)
{
    return (uint64_t)tv.tv_sec * 1000000000u + (uint64_t)tv.tv_usec * 1000u;
}

int ub_measure_possible(void)
{
    struct rusage ru;
    return getrusage(RUSAGE_THREAD, &ru) < 0 || getrusage(RUSAGE_SELF, &ru) < 0 ? -errno : 0;
}

/* ub_measure_possible has tried it. */
static struct ub_usage usage_of(int who)
{
    struct rusage ru = {0};
    getrusage(who, &ru);
    return (struct ub_usage){.voluntary = (uint64_t)ru.ru_nvcsw,
                             .involuntary = (uint64_t)ru.ru_nivcsw,
                             .usr_ns = timeval_ns(ru.ru_utime),
                             .sys_ns = timeval_ns(ru.ru_stime),
                             .minor_faults = (uint64_t)ru.ru_minflt,
                             .major_faults = (uint64_t)ru.ru_majflt};
}

/* CPU time of another thread: its clock's id, as the kernel composes it (CPUCLOCK_PERTHREAD |
 * CPUCLOCK_SCHED). */
static uint64_t thread_cpu_ns(int tid)
{
    struct timespec ts;
    clockid_t id = (clockid_t)((~(unsigned)tid << 3) | 6u);
    if (clock_gettime(id, &ts) < 0)
        return 0;
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t field(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static int is_job(const struct ub_ctx *ctx, int tid)
{
    const char *base = (const char *)ctx->arena;
    const struct ub_job *jobs = (const struct ub_job *)(base + ctx->arena->jobs);
    const struct ub_result *results = (const struct ub_result *)(base + ctx->arena->results);
    for (uint32_t i = 0; i < ctx->arena->njobs; i++)
        if (jobs[i].process == ctx->job->process && results[i].tid == (uint32_t)tid)
            return 1;
    return 0;
}

/* Jobs name their threads ub-job-N, and those of threadpool ub-pool-N.M; threads that glibc starts inherit
 * the name. */
static int is_helper(const char *status)
{
    return strncmp(status, "Name:\tub-job", 12) == 0 || strncmp(status, "Name:\tub-pool", 13) == 0 ||
           strncmp(status, "Name:\tiou-", 10) == 0;
}

static void add_thread(const struct ub_ctx *ctx, struct snapshot *snap, int tid)
{
    char path[64], status[4096];
    snprintf(path, sizeof path, "/proc/self/task/%d/status", tid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return; /* it has just ended: then it is in RUSAGE_SELF alone */
    ssize_t n = read(fd, status, sizeof status - 1);
    close(fd);
    if (n <= 0)
        return;
    status[n] = 0;
    int job = is_job(ctx, tid);
    if (!job && is_helper(status))
        return;
    struct ub_usage *sum = job ? &snap->jobs : &snap->runtime;
    sum->voluntary += field(status, "\nvoluntary_ctxt_switches:");
    sum->involuntary += field(status, "\nnonvoluntary_ctxt_switches:");
    sum->usr_ns += thread_cpu_ns(tid);
}

static void add_threads(const struct ub_ctx *ctx, struct snapshot *snap)
{
    DIR *dir = opendir("/proc/self/task");
    if (!dir)
        return;
    /* glibc's readdir is safe on a stream of one's own. */
    for (struct dirent *entry; (entry = readdir(dir));) // NOLINT(concurrency-mt-unsafe)
        if (entry->d_name[0] != '.')
            add_thread(ctx, snap, (int)strtol(entry->d_name, NULL, 10));
    closedir(dir);
}

static uint64_t minus(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static struct ub_process *process_of(const struct ub_ctx *ctx)
{
    assert(ctx->job->process < ctx->arena->nprocesses);
    return (struct ub_process *)((char *)ctx->arena + ctx->arena->processes) + ctx->job->process;
}

/* The look at the process costs CPU time, too: it is kept outside the two readings of RUSAGE_SELF. */
static void snapshot_start(const struct ub_ctx *ctx)
{
    struct snapshot snap = {0};
    add_threads(ctx, &snap);
    snap.self = usage_of(RUSAGE_SELF);
    at_start = snap;
}

/* System time of the jobs of this process inside their windows. */
static uint64_t jobs_sys_ns(const struct ub_ctx *ctx)
{
    const char *base = (const char *)ctx->arena;
    const struct ub_job *jobs = (const struct ub_job *)(base + ctx->arena->jobs);
    const struct ub_result *results = (const struct ub_result *)(base + ctx->arena->results);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < ctx->arena->njobs; i++)
        if (jobs[i].process == ctx->job->process)
            sum += results[i].usage.sys_ns;
    return sum;
}

/* b - a - c of three counters that were read one after another: never below zero. */
static uint64_t rest(uint64_t a, uint64_t b, uint64_t c)
{
    return minus(minus(b, a), c);
}

/* The sum of CPU time is exact; what of it was system time is known for the process and the jobs only. */
static void snapshot_end(const struct ub_ctx *ctx)
{
    struct snapshot end = {.self = usage_of(RUSAGE_SELF)};
    add_threads(ctx, &end);
    const struct snapshot *start = &at_start;
    struct ub_usage *out = &process_of(ctx)->helpers;
    struct ub_usage known = {
        .voluntary = minus(end.jobs.voluntary, start->jobs.voluntary) +
                     minus(end.runtime.voluntary, start->runtime.voluntary),
        .involuntary = minus(end.jobs.involuntary, start->jobs.involuntary) +
                       minus(end.runtime.involuntary, start->runtime.involuntary),
    };
    uint64_t known_ns =
        minus(end.jobs.usr_ns, start->jobs.usr_ns) + minus(end.runtime.usr_ns, start->runtime.usr_ns);
    uint64_t all_ns =
        rest(start->self.usr_ns + start->self.sys_ns, end.self.usr_ns + end.self.sys_ns, known_ns);
    uint64_t sys_ns = rest(start->self.sys_ns, end.self.sys_ns, jobs_sys_ns(ctx));
    out->voluntary = rest(start->self.voluntary, end.self.voluntary, known.voluntary);
    out->involuntary = rest(start->self.involuntary, end.self.involuntary, known.involuntary);
    out->sys_ns = sys_ns < all_ns ? sys_ns : all_ns;
    out->usr_ns = all_ns - out->sys_ns;
}

void ub_measure_arrive(struct ub_ctx *ctx)
{
    struct ub_arena *arena = ctx->arena;
    struct ub_process *process = process_of(ctx);
    __atomic_store_n(&ctx->result->state, UB_STATE_READY, __ATOMIC_RELEASE);
    uint32_t here = __atomic_add_fetch(&process->arrived, 1, __ATOMIC_ACQ_REL);
    assert(here <= process->members);
    if (here == process->members)
        snapshot_start(ctx);
    uint32_t all = __atomic_add_fetch(&arena->arrived, 1, __ATOMIC_ACQ_REL);
    assert(all <= arena->njobs);
    if (all == arena->njobs) {
        arena->go_ns = ub_now(&ctx->clock);
        __atomic_store_n(&arena->go, 1, __ATOMIC_RELEASE);
        ub_futex_wake(&arena->go);
    }
    while (!__atomic_load_n(&arena->go, __ATOMIC_ACQUIRE) && !__atomic_load_n(&arena->stop, __ATOMIC_RELAXED))
        ub_futex_wait(&arena->go, 0);
}

/* A counter that cannot be read has counted nothing. */
static struct ub_counted counted(struct ub_ctx *ctx)
{
    struct ub_counted now = {0};
    if (ctx->counter < 0 || ctx->result->uncounted)
        return now;
    int ret = ub_counter_read(ctx->counter, &now);
    if (ret < 0)
        ctx->result->uncounted = (uint32_t)-ret;
    return now;
}

static void begin_window(struct ub_ctx *ctx)
{
    ctx->begin_ns = ub_now(&ctx->clock);
    ctx->result->begin_ns = ctx->begin_ns;
    ctx->deadline_ns = ctx->job->runtime_ns ? ctx->begin_ns + ctx->job->runtime_ns : UINT64_MAX;
    ctx->result->stalled_ns = 0;
    ub_loop_look_from(ctx, ctx->begin_ns);
}

/*
 * CPU time of this thread until now. getrusage knows it as of the last tick or switch, which is too coarse
 * for what lasts no longer than that.
 */
static uint64_t own_cpu_ns(void)
{
    struct timespec ts = {0};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

struct ub_pause ub_measure_pause(struct ub_ctx *ctx)
{
    ub_mark_close(&ctx->marks);
    return (struct ub_pause){.begin_ns = ub_now(&ctx->clock),
                             .cpu_ns = own_cpu_ns(),
                             .usage = usage_of(RUSAGE_THREAD),
                             .counted = counted(ctx)};
}

void ub_measure_resume(struct ub_ctx *ctx, const struct ub_pause *pause)
{
    struct ub_usage now = usage_of(RUSAGE_THREAD), *begin = &ctx->usage_begin;
    begin->voluntary += now.voluntary - pause->usage.voluntary;
    begin->involuntary += now.involuntary - pause->usage.involuntary;
    begin->minor_faults += now.minor_faults - pause->usage.minor_faults;
    begin->major_faults += now.major_faults - pause->usage.major_faults;
    ctx->paused_cpu_ns += own_cpu_ns() - pause->cpu_ns;
    struct ub_counted seen = counted(ctx), *from = &ctx->counted_begin;
    from->value += seen.value - pause->counted.value;
    from->enabled_ns += seen.enabled_ns - pause->counted.enabled_ns;
    from->running_ns += seen.running_ns - pause->counted.running_ns;
    uint64_t ns = ub_now(&ctx->clock) - pause->begin_ns;
    ctx->result->begin_ns += ns;
    ub_loop_paused(ctx, ns);
    if (!ctx->ramp_end_ns)
        ub_mark_open(&ctx->marks);
    ub_rate_shift(&ctx->rate, ns);
}

/* ramp_time lies before the window: what is counted in it is thrown away when it is over. */
void ub_measure_begin(struct ub_ctx *ctx)
{
    ctx->usage_begin = usage_of(RUSAGE_THREAD);
    ctx->counted_begin = counted(ctx);
    ctx->paused_cpu_ns = 0;
    begin_window(ctx);
    ctx->ramp_end_ns = ctx->job->ramp_ns ? ctx->begin_ns + ctx->job->ramp_ns : 0;
    if (ctx->ramp_end_ns && ctx->job->runtime_ns)
        ctx->deadline_ns += ctx->job->ramp_ns;
    if (ub_is_rated(ctx->job))
        ub_rate_begin(&ctx->rate, ctx->job, ctx->begin_ns);
    ub_loop_look_from(ctx, ctx->begin_ns); /* the ramp's end, too, is to be seen in time */
    if (!ctx->ramp_end_ns) {
        ub_mark_open(&ctx->marks);
        __atomic_store_n(&ctx->result->measuring, 1, __ATOMIC_RELEASE);
    }
    __atomic_store_n(&ctx->result->state, UB_STATE_RUNNING, __ATOMIC_RELEASE);
}

void ub_result_clear(struct ub_ctx *ctx)
{
    struct ub_result *result = ctx->result;
    memset(result->ops, 0, sizeof result->ops);
    memset(result->syscalls, 0, sizeof result->syscalls);
    memset(result->errors, 0, sizeof result->errors);
    result->nerrors = 0;
    result->errors_total = 0;
    for (uint32_t op = 0; op < UB_OPS; op++) {
        for (uint32_t lat = 0; lat < UB_LATS; lat++)
            result->ops[op].lat[lat].min_ns = UINT64_MAX;
        /* Touching them here also keeps the loop free of page faults. */
        if (ctx->job->op_mask & (1u << op) || op == UB_OP_SYNC)
            memset(ub_histograms(ctx, op), 0, (size_t)UB_LATS * UB_HIST_COUNTS * sizeof(uint64_t));
        result->response[op] = (struct ub_latency){.min_ns = UINT64_MAX};
        if (ub_is_rated(ctx->job) && (ctx->job->op_mask & (1u << op) || op == UB_OP_SYNC))
            memset(ub_responses(ctx, op), 0, UB_HIST_COUNTS * sizeof(uint64_t));
    }
}

struct flying {
    uint64_t ios, bytes;
    uint64_t ns; /* for how long, of all together */
};

/* Syncs are neither among the I/Os that are counted nor among their latencies. */
static void add_slot(struct flying *sum, const struct ub_slot *slot, uint64_t now)
{
    if (slot->op == UB_OP_SYNC)
        return;
    sum->ios++;
    sum->bytes += slot->len;
    if (slot->start_ns < now) /* else it pauses before it begins (uring_think.c) */
        sum->ns += now - slot->start_ns;
}

/* What is in flight: all slots less the free ones. */
static struct flying in_flight(const struct ub_ctx *ctx, uint64_t now)
{
    struct flying all = {0}, idle = {0};
    assert(ctx->nfree <= ctx->depth);
    for (uint32_t i = 0; i < ctx->depth; i++)
        add_slot(&all, &ctx->slots[i], now);
    for (uint32_t i = 0; i < ctx->nfree; i++)
        add_slot(&idle, &ctx->slots[ctx->free[i]], now);
    return (struct flying){all.ios - idle.ios, all.bytes - idle.bytes, all.ns - idle.ns};
}

void ub_measure_ramp_over(struct ub_ctx *ctx)
{
    ctx->ramp_end_ns = 0;
    ub_result_clear(ctx);
    const struct ub_ops *ops = ub_backend_ops(ctx->job->backend);
    if (ops->recount)
        ops->recount(ctx);
    if (!__atomic_exchange_n(&process_of(ctx)->ramped, 1, __ATOMIC_ACQ_REL))
        snapshot_start(ctx);
    ctx->usage_begin = usage_of(RUSAGE_THREAD);
    ctx->counted_begin = counted(ctx);
    ctx->paused_cpu_ns = 0;
    begin_window(ctx);
    ub_mark_open(&ctx->marks);
    struct flying carried = in_flight(ctx, ctx->begin_ns);
    ctx->result->carried_ns = carried.ns;
    __atomic_store_n(&ctx->result->measuring, 1, __ATOMIC_RELEASE); /* for series.c */
    /* Bounds are of the window, in which what is in flight will end. */
    ub_set_bounds(ctx, carried.ios, carried.bytes);
}

void ub_measure_end(struct ub_ctx *ctx)
{
    ub_mark_close(&ctx->marks); /* first: what is asked below is none of the job's own system calls */
    struct ub_usage now = usage_of(RUSAGE_THREAD), *out = &ctx->result->usage;
    out->voluntary = now.voluntary - ctx->usage_begin.voluntary;
    out->involuntary = now.involuntary - ctx->usage_begin.involuntary;
    out->usr_ns = now.usr_ns - ctx->usage_begin.usr_ns;
    out->sys_ns = now.sys_ns - ctx->usage_begin.sys_ns;
    out->minor_faults = now.minor_faults - ctx->usage_begin.minor_faults;
    out->major_faults = now.major_faults - ctx->usage_begin.major_faults;
    if (ctx->counter >= 0 && !ctx->result->uncounted) {
        int ret = ub_counter_since(ctx->counter, &ctx->counted_begin, &ctx->result->counted);
        ctx->result->uncounted = (uint32_t)-ret;
    }
    /* Pauses are system calls one after another: nearly all of it. */
    uint64_t paused_sys = ctx->paused_cpu_ns < out->sys_ns ? ctx->paused_cpu_ns : out->sys_ns;
    out->sys_ns -= paused_sys;
    out->usr_ns = minus(out->usr_ns, ctx->paused_cpu_ns - paused_sys);
    __atomic_store_n(&ctx->result->state, UB_STATE_ENDED, __ATOMIC_RELEASE);
    ub_futex_wake(&ctx->result->state);
}

void ub_measure_leave(struct ub_ctx *ctx)
{
    struct ub_process *process = process_of(ctx);
    uint32_t left = __atomic_add_fetch(&process->finished, 1, __ATOMIC_ACQ_REL);
    assert(left <= process->members);
    if (left == process->members) {
        if (ctx->arena->go)
            snapshot_end(ctx);
        __atomic_store_n(&process->measured, 1, __ATOMIC_RELEASE);
        ub_futex_wake(&process->measured);
    }
    while (!__atomic_load_n(&process->measured, __ATOMIC_ACQUIRE))
        ub_futex_wait(&process->measured, 0);
}
