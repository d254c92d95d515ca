/* Samples by a clock of each CPU: where in the kernel traced threads are found. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/perf_event.h>
#include "explain.h"
#include "sys.h"

/* A clock in software: a virtual machine need not have counters of hardware. */
static int open_clock(int cpu)
{
    struct perf_event_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.size = sizeof attr;
    attr.type = PERF_TYPE_SOFTWARE;
    attr.config = PERF_COUNT_SW_CPU_CLOCK;
    attr.freq = 1;
    attr.sample_freq = UB_SAMPLES_HZ;
    return (int)UB_SYSCALL(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC, 0);
}

int ub_tracer_sample(struct ub_tracer *tracer)
{
    int ncpus = tracer->bpf->possible_cpus(), ret = -ENODEV;
    if (ncpus <= 0)
        return -ENODEV;
    tracer->samplers = calloc((size_t)ncpus, sizeof(struct bpf_link *));
    if (!tracer->samplers)
        return -ENOMEM;
    for (int cpu = 0; cpu < ncpus; cpu++) {
        int fd = open_clock(cpu);
        if (fd < 0) {
            ret = tracer->nsamplers ? 0 : fd;
            continue; /* not there, or switched off */
        }
        struct bpf_link *link = tracer->bpf->attach_perf_event(tracer->sampler, fd);
        if (link)
            tracer->samplers[tracer->nsamplers++] = link; /* which closes the descriptor with it */
        else
            close(fd);
    }
    return tracer->nsamplers ? 0 : ret;
}

void ub_tracer_sample_end(struct ub_tracer *tracer)
{
    for (uint32_t i = 0; i < tracer->nsamplers; i++)
        tracer->bpf->link_destroy(tracer->samplers[i]);
    free(tracer->samplers);
    tracer->samplers = NULL;
    tracer->nsamplers = 0;
}
