/* What must hold for any run without errors, whatever it did. */
#include "call.h"
#include "fixture.h"

/* Least value of bucket i. */
static uint64_t bucket_ns(uint32_t i)
{
    uint32_t shift = i < 2048 ? 0 : i / 1024 - 1;
    return (uint64_t)(i - (shift << 10)) << shift;
}

static void check_latency(const struct ub_latency *lat, const uint64_t *counts, uint64_t ios)
{
    CHECK_EQ(lat->count, ios);
    if (ios == 0) {
        CHECK(lat->min_ns == UINT64_MAX && lat->max_ns == 0 && lat->sum_ns == 0);
        return;
    }
    uint64_t n = 0, least = 0;
    for (uint32_t i = 0; i < UB_HIST_COUNTS; i++) {
        n += counts[i];
        least += counts[i] * bucket_ns(i);
    }
    CHECK_EQ(n, ios);
    CHECK_EQ(lat->over, 0);
    CHECK(lat->min_ns <= lat->max_ns);
    CHECK(lat->min_ns * ios <= lat->sum_ns && lat->sum_ns <= lat->max_ns * ios);
    CHECK_BETWEEN(least, lat->sum_ns, (double)least * 1.001 + (double)ios); /* 3 significant digits */
}

static void check_op(const struct run *run, uint32_t j, uint32_t op)
{
    const struct ub_op_result *result = &run->results[j].ops[op];
    const uint64_t *counts =
        run->histograms + ((uint64_t)j * UB_HIST_OPS + op % UB_HIST_OPS) * UB_LATS * UB_HIST_COUNTS;
    uint64_t bs = op > UB_OP_TRIM ? 0 : run->jobs[j].bs[op];
    uint64_t split = ub_backend_ops(run->jobs[j].backend)->has_slat ? result->ios : 0;
    if (!(run->jobs[j].op_mask & (1u << op)) && op != UB_OP_SYNC) {
        CHECK_EQ(result->ios, 0);
        CHECK_EQ(result->lat[UB_LAT_TOTAL].count, 0); /* its histograms may be another's */
        return;
    }
    CHECK_EQ(result->bytes, result->ios * bs);
    CHECK_EQ(result->short_ios, 0);
    check_latency(&result->lat[UB_LAT_TOTAL], counts, result->ios);
    check_latency(&result->lat[UB_LAT_SUBMIT], counts + UB_HIST_COUNTS, split);
    check_latency(&result->lat[UB_LAT_DONE], counts + 2 * UB_HIST_COUNTS, split);
    if (split)
        CHECK_EQ(result->lat[UB_LAT_SUBMIT].sum_ns + result->lat[UB_LAT_DONE].sum_ns,
                 result->lat[UB_LAT_TOTAL].sum_ns);
}

void check_depth(const struct run *run, uint32_t j)
{
    const struct ub_result *result = &run->results[j];
    uint32_t depth = ub_backend_ops(run->jobs[j].backend)->async ? run->jobs[j].iodepth : 1;
    double busy = 0, window = (double)(result->end_ns - result->begin_ns);
    for (uint32_t op = 0; op < UB_OPS; op++)
        busy += (double)result->ops[op].lat[UB_LAT_TOTAL].sum_ns;
    CHECK_BETWEEN(0, busy - (double)result->carried_ns, 1.01 * depth * window);
}

/* Those of what was in flight at the end of a ramp may have been made before, up to so many. */
static void check_plain_calls(const struct ub_job *job, const struct ub_result *result, uint32_t carried)
{
    const uint64_t *calls = result->syscalls;
    uint64_t reads = result->ops[UB_OP_READ].ios, writes = result->ops[UB_OP_WRITE].ios;
    uint64_t trims = result->ops[UB_OP_TRIM].ios;
    int vectored = (job->features & UB_CALL_FEATURE_BITS) != 0;
    uint64_t made = calls[vectored ? UB_SYS_PREADV2 : UB_SYS_PREAD] +
                    calls[vectored ? UB_SYS_PWRITEV2 : UB_SYS_PWRITE] + calls[UB_SYS_IOCTL];
    CHECK(made <= reads + writes + trims && made + carried >= reads + writes + trims);
    CHECK(calls[vectored ? UB_SYS_PREADV2 : UB_SYS_PREAD] <= reads);
    CHECK(calls[vectored ? UB_SYS_PWRITEV2 : UB_SYS_PWRITE] <= writes);
    CHECK_EQ(calls[vectored ? UB_SYS_PREAD : UB_SYS_PREADV2], 0);
    CHECK_EQ(calls[vectored ? UB_SYS_PWRITE : UB_SYS_PWRITEV2], 0);
    CHECK(calls[UB_SYS_IOCTL] <= trims);
}

/* Each call but those whose wait ran out, and those that poll, submits or reaps something. */
static void check_syscalls(const struct ub_job *job, const struct ub_result *result)
{
    const uint64_t *calls = result->syscalls;
    const uint32_t backend = job->backend;
    double ios = 0, waits = (double)(result->end_ns - result->begin_ns) / 1e8 + 1;
    for (uint32_t op = 0; op < UB_OPS; op++)
        ios += (double)result->ops[op].ios;
    double batches = ios / job->batch_submit, polls = job->batch_complete_min == 0 ? 1e9 : 0;
    if (backend == UB_BACKEND_SYNC)
        check_plain_calls(job, result, 0);
    if (backend == UB_BACKEND_THREADPOOL) {
        check_plain_calls(job, result, job->ramp_ns ? job->iodepth : 0);
        /* A worker wakes the job and sleeps, the job wakes workers and sleeps; it may find that it was woken
         * for nothing. */
        CHECK_BETWEEN(0, calls[UB_SYS_FUTEX], 6 * ios + 4 * waits + 4 * job->pool_threads + 4);
    }
    if (backend == UB_BACKEND_POSIX_AIO) {
        CHECK_EQ(calls[UB_SYS_PREAD], result->ops[UB_OP_READ].ios);
        CHECK_EQ(calls[UB_SYS_PWRITE], result->ops[UB_OP_WRITE].ios);
    }
    if (backend == UB_BACKEND_LINUX_AIO) {
        CHECK_BETWEEN(batches, calls[UB_SYS_IO_SUBMIT], 2 * ios + waits);
        /* At the end of each pass, when all are waited for, a call may reap iodepth of them. */
        uint64_t freely = UB_FEATURE_USER_REAP | UB_FEATURE_EVENTFD;
        double per_pass = job->pass_bytes ? (double)job->pass_bytes / (double)job->bs[UB_OP_READ] : 1e18;
        double at_ends = (ios / per_pass + 1) * job->iodepth;
        double least =
            job->features & freely || ios < at_ends ? 0 : (ios - at_ends) / job->batch_complete_max;
        CHECK_BETWEEN(least, calls[UB_SYS_IO_GETEVENTS],
                      (job->features & freely ? 3 : 1) * (ios + waits) + polls);
    }
    if (backend == UB_BACKEND_IO_URING)
        CHECK_BETWEEN(job->features & UB_FEATURE_SQPOLL ? 0 : batches, calls[UB_SYS_IO_URING_ENTER],
                      2 * ios + waits + polls);

    /* And no other. */
    static const uint32_t own[UB_BACKENDS] = {
        [UB_BACKEND_SYNC] = 1u << UB_SYS_PREAD | 1u << UB_SYS_PWRITE | 1u << UB_SYS_PREADV2 |
                            1u << UB_SYS_PWRITEV2 | 1u << UB_SYS_IOCTL | 1u << UB_SYS_FSYNC |
                            1u << UB_SYS_FDATASYNC,
        [UB_BACKEND_POSIX_AIO] =
            1u << UB_SYS_PREAD | 1u << UB_SYS_PWRITE | 1u << UB_SYS_FSYNC | 1u << UB_SYS_FDATASYNC,
        [UB_BACKEND_LINUX_AIO] =
            1u << UB_SYS_IO_SUBMIT | 1u << UB_SYS_IO_GETEVENTS | 1u << UB_SYS_EPOLL_WAIT | 1u << UB_SYS_READ,
        [UB_BACKEND_IO_URING] = 1u << UB_SYS_IO_URING_ENTER,
        [UB_BACKEND_THREADPOOL] = 1u << UB_SYS_PREAD | 1u << UB_SYS_PWRITE | 1u << UB_SYS_PREADV2 |
                                  1u << UB_SYS_PWRITEV2 | 1u << UB_SYS_IOCTL | 1u << UB_SYS_FSYNC |
                                  1u << UB_SYS_FDATASYNC | 1u << UB_SYS_FUTEX,
        [UB_BACKEND_MMAP] = 1u << UB_SYS_MSYNC,
    };
    uint32_t at_end = job->flags & UB_FLAG_END_FSYNC ? 1u << UB_SYS_FSYNC : 0;
    for (uint32_t i = 0; i < UB_SYSCALLS; i++)
        if (!((own[backend] | at_end) >> i & 1))
            CHECK_EQ(calls[i], 0);
}

static void check_job(const struct run *run, uint32_t j)
{
    const struct ub_job *job = &run->jobs[j];
    const struct ub_result *result = &run->results[j];
    CHECK_EQ(result->error, 0);
    CHECK_EQ(result->state, UB_STATE_FINISHED);
    CHECK(result->errors_total == 0 && result->nerrors == 0);
    CHECK(result->tid > 0);
    CHECK(run->arena->go_ns > 0 && result->begin_ns >= run->arena->go_ns);
    CHECK(result->end_ns >= result->begin_ns);
    uint64_t ios = 0;
    for (uint32_t op = 0; op < UB_OPS; op++) {
        check_op(run, j, op);
        ios += op == UB_OP_SYNC ? 0 : result->ops[op].ios;
    }
    if (job->max_ios && !job->max_bytes && !job->runtime_ns)
        CHECK_EQ(ios, job->max_ios);
    CHECK_EQ(result->hashed_ios, ios < UB_HASHED_IOS ? ios : UB_HASHED_IOS);
    check_depth(run, j);
    check_syscalls(job, result);
    /* One thread can't use more CPU time than passed; the kernel's ticks blur it a little. */
    double cpu_ns = (double)result->usage.usr_ns + (double)result->usage.sys_ns;
    CHECK_BETWEEN(0, cpu_ns, (double)(result->end_ns - result->begin_ns) + 5e7);
}

void check_jobs(const struct run *run)
{
    CHECK_EQ(run->arena->finished, run->njobs);
    for (uint32_t j = 0; j < run->njobs; j++)
        check_job(run, j);
}
