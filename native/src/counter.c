/*
 * What the kernel counts for a job's thread (perf_event_open(2)): user and kernel mode, and the threads that
 * it starts from then on (a backend's helpers: iou-wrk, iou-sqp), which the kernel adds up when it is read. A
 * counter costs each context switch some time, so there is none unless it was asked for.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/perf_event.h>
#include <unistd.h>
#include "job.h"
#include "sys.h"
#include "ub_api.h"

static int event_of(uint32_t count, struct perf_event_attr *attr)
{
    switch (count) {
    case UB_COUNT_INSTRUCTIONS:
        attr->type = PERF_TYPE_HARDWARE;
        attr->config = PERF_COUNT_HW_INSTRUCTIONS;
        return 0;
    case UB_COUNT_TASK_CLOCK:
        attr->type = PERF_TYPE_SOFTWARE;
        attr->config = PERF_COUNT_SW_TASK_CLOCK;
        return 0;
    default:
        return -EINVAL;
    }
}

int ub_counter_open(uint32_t count)
{
    struct perf_event_attr attr = {
        .size = sizeof attr,
        .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
        .inherit = 1,
        .exclude_hv = 1,
    };
    int ret = event_of(count, &attr);
    if (ret < 0)
        return ret;
    return (int)UB_SYSCALL(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC, 0);
}

int ub_counter_read(int fd, struct ub_counted *out)
{
    uint64_t read_out[3] = {0}; /* value, time enabled, time running */
    ssize_t n = read(fd, read_out, sizeof read_out);
    if (n != (ssize_t)sizeof read_out)
        return n < 0 ? -errno : -EIO;
    *out = (struct ub_counted){.value = read_out[0], .enabled_ns = read_out[1], .running_ns = read_out[2]};
    return 0;
}

int ub_counter_since(int fd, const struct ub_counted *begin, uint64_t *counted)
{
    struct ub_counted now = {0};
    int ret = ub_counter_read(fd, &now);
    if (ret < 0)
        return ret;
    /* Others had the counter meanwhile: what is missing could be guessed, but would be no count. */
    uint64_t enabled = now.enabled_ns - begin->enabled_ns, running = now.running_ns - begin->running_ns;
    if (running < enabled - enabled / 1000)
        return -EBUSY;
    *counted = now.value - begin->value;
    return 0;
}

int ub_count_possible(uint32_t count)
{
    int fd = ub_counter_open(count);
    if (fd < 0)
        return fd;
    close(fd);
    return 0;
}
