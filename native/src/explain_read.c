/* What the programs counted, as of the end of the window. */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "explain.h"
#include "ub_api.h"

static int map_of(const struct ub_tracer *tracer, const char *name)
{
    struct bpf_map *map = tracer->bpf->find_map(tracer->object, name);
    return map ? tracer->bpf->map_fd(map) : -1;
}

/* Words of a value of a map that has one a CPU -> the values, of so many CPUs; NULL without memory. */
static uint64_t *per_cpu(const struct ub_tracer *tracer, uint64_t bytes, int *ncpus)
{
    *ncpus = tracer->bpf->possible_cpus();
    return *ncpus > 0 ? calloc((size_t)*ncpus, bytes) : NULL;
}

static void empty(const struct ub_tracer *tracer, const char *name)
{
    union {
        struct ub_sleep_key sleep;
        uint64_t word[4];
    } key;
    int fd = map_of(tracer, name);
    while (fd >= 0 && tracer->bpf->next_key(fd, NULL, &key) == 0)
        if (tracer->bpf->delete (fd, &key) < 0)
            return;
}

static void zero(const struct ub_tracer *tracer, const char *name, uint64_t bytes)
{
    int ncpus;
    uint32_t first = 0;
    uint64_t *values = per_cpu(tracer, bytes, &ncpus);
    if (values)
        tracer->bpf->update(map_of(tracer, name), &first, values, BPF_ANY);
    free(values);
}

void ub_tracer_clear(struct ub_tracer *tracer)
{
    static const char *const names[] = {"threads", "sleeps",   "requests", "urings", "submitted",
                                        "irqs",    "syscalls", "samples",  "stacks"};
    memset(tracer->marks, 0, UB_MARKS_BYTES);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        empty(tracer, names[i]);
    zero(tracer, "totals", sizeof(struct ub_explain_totals));
    zero(tracer, "cpus", sizeof(struct ub_traced_cpu));
}

void ub_tracer_cost(const struct ub_tracer *tracer, uint64_t *runs, uint64_t *ns)
{
    *runs = *ns = 0;
    for (uint32_t i = 0; i < tracer->nprograms; i++) {
        struct bpf_prog_info info;
        memset(&info, 0, sizeof info);
        uint32_t bytes = sizeof info;
        if (tracer->bpf->info(tracer->bpf->program_fd(tracer->programs[i]), &info, &bytes) < 0)
            continue;
        *runs += info.run_cnt;
        *ns += info.run_time_ns;
    }
}

/* Where a list of records goes: as many as there is room for. */
struct list {
    char *at;
    uint64_t room;
    int count;
};

static void add(struct list *list, const void *record, uint64_t bytes)
{
    if (list->room < bytes)
        return;
    memcpy(list->at, record, bytes);
    list->at += bytes;
    list->room -= bytes;
    list->count++;
}

/* A thread that is still where it was when the window ended has been there until then. */
static void settle(const struct ub_tracer *tracer, struct ub_explain_thread *thread)
{
    uint64_t end = tracer->marks->frozen_ns, ns = end > thread->since_w ? end - thread->since_w : 0;
    if (thread->state == UB_TASK_RUNNING) {
        thread->on_cpu_ns += ns;
        thread->run_ns += ns;
    } else if (thread->state == UB_TASK_READY) {
        thread->ready_ns += ns;
    } else if (thread->state == UB_TASK_SLEEPING) {
        thread->sleep_ns += ns;
    }
    if (thread->state != UB_TASK_DEAD)
        thread->alive_ns += end - thread->born_w;
    if (thread->slot >= 1 && thread->slot <= UB_EXPLAIN_JOBS) {
        const struct ub_mark *mark = (const struct ub_mark *)tracer->marks + thread->slot;
        thread->alive_ns = mark->alive_ns;
        thread->run_ns = mark->cpu_ns;
    }
    /*
     * The kernel lets a thread's CPU time begin at the wake-up when that leads to a switch at once, and has
     * none for what the hypervisor took: as it counts, all that is neither CPU time nor sleep is waiting for
     * a CPU.
     */
    uint64_t rest = thread->run_ns + thread->sleep_ns;
    thread->ready_ns = thread->alive_ns > rest ? thread->alive_ns - rest : 0;
}

static void read_threads(const struct ub_tracer *tracer, struct list *list)
{
    int fd = map_of(tracer, "threads");
    uint32_t key, *last = NULL;
    while (tracer->bpf->next_key(fd, last, &key) == 0) {
        struct ub_explain_thread thread;
        if (tracer->bpf->lookup(fd, &key, &thread) == 0) {
            settle(tracer, &thread);
            add(list, &thread, sizeof thread);
        }
        last = &key;
    }
}

/* How long a thread has been in this sleep that it has not come back from: none of it is in the map. */
static uint64_t still_asleep(const struct ub_tracer *tracer, const struct ub_sleep_key *key)
{
    struct ub_explain_thread thread;
    if (tracer->bpf->lookup(map_of(tracer, "threads"), &key->tid, &thread) < 0)
        return 0;
    if (thread.state != UB_TASK_SLEEPING || thread.sleep_syscall != key->syscall ||
        thread.sleep_flags != key->flags || thread.since_w > tracer->marks->frozen_ns)
        return 0;
    return tracer->marks->frozen_ns - thread.since_w;
}

static void read_sleeps(const struct ub_tracer *tracer, struct list *list)
{
    int fd = map_of(tracer, "sleeps");
    struct ub_sleep_key key, *last = NULL;
    while (tracer->bpf->next_key(fd, last, &key) == 0) {
        struct ub_tally tally;
        if (tracer->bpf->lookup(fd, &key, &tally) == 0) {
            struct ub_explain_sleep sleep = {.tid = key.tid,
                                             .syscall = key.syscall,
                                             .flags = key.flags,
                                             .count = tally.count,
                                             .ns = tally.ns + still_asleep(tracer, &key)};
            if (sleep.count || sleep.ns)
                add(list, &sleep, sizeof sleep);
        }
        last = &key;
    }
}

/* Requests that have not ended, although all that was traced has. */
static uint64_t left_over(const struct ub_tracer *tracer)
{
    int fd = map_of(tracer, "requests");
    uint64_t key, *last = NULL, count = 0;
    while (tracer->bpf->next_key(fd, last, &key) == 0) {
        count++;
        last = &key;
    }
    return count;
}

static int read_totals(const struct ub_tracer *tracer, struct list *list)
{
    enum { WORDS = sizeof(struct ub_explain_totals) / sizeof(uint64_t) };
    int ncpus;
    uint32_t first = 0;
    uint64_t sum[WORDS] = {0};
    uint64_t *values = per_cpu(tracer, sizeof sum, &ncpus);
    if (!values)
        return -ENOMEM;
    int ret = tracer->bpf->lookup(map_of(tracer, "totals"), &first, values);
    for (int cpu = 0; ret == 0 && cpu < ncpus; cpu++)
        for (int i = 0; i < WORDS; i++)
            sum[i] += values[cpu * WORDS + i];
    free(values);
    sum[offsetof(struct ub_explain_totals, lost) / sizeof *sum] += left_over(tracer);
    add(list, sum, sizeof sum);
    return ret;
}

static int read_irqs(const struct ub_tracer *tracer, struct list *list)
{
    int ncpus, fd = map_of(tracer, "irqs");
    uint32_t first = 0;
    struct ub_irq_key key, *last = NULL;
    struct ub_traced_cpu *cpus = (void *)per_cpu(tracer, sizeof *cpus, &ncpus);
    struct ub_tally *tallies = (void *)per_cpu(tracer, sizeof *tallies, &ncpus);
    int ret = cpus && tallies ? tracer->bpf->lookup(map_of(tracer, "cpus"), &first, cpus) : -ENOMEM;
    while (ret == 0 && tracer->bpf->next_key(fd, last, &key) == 0) {
        struct ub_explain_irq irq = {.kind = key.kind, .vector = key.vector};
        last = &key;
        if (tracer->bpf->lookup(fd, &key, tallies) < 0)
            continue;
        for (int cpu = 0; cpu < ncpus; cpu++) {
            irq.count += cpus[cpu].used ? tallies[cpu].count : 0;
            irq.ns += cpus[cpu].used ? tallies[cpu].ns : 0;
        }
        if (irq.count)
            add(list, &irq, sizeof irq);
    }
    free(cpus);
    free(tallies);
    return ret;
}

static void read_syscalls(const struct ub_tracer *tracer, struct list *list)
{
    int fd = map_of(tracer, "syscalls");
    struct ub_syscall_key key, *last = NULL;
    while (tracer->bpf->next_key(fd, last, &key) == 0) {
        struct ub_tally tally;
        if (tracer->bpf->lookup(fd, &key, &tally) == 0) {
            struct ub_explain_syscall one = {
                .tid = key.tid, .syscall = key.syscall, .count = tally.count, .ns = tally.ns};
            add(list, &one, sizeof one);
        }
        last = &key;
    }
}

static void read_samples(const struct ub_tracer *tracer, struct list *list)
{
    int fd = map_of(tracer, "samples"), stacks = map_of(tracer, "stacks");
    struct ub_sample_key key, *last = NULL;
    while (tracer->bpf->next_key(fd, last, &key) == 0) {
        struct ub_explain_sample sample = {.tid = key.tid};
        if (tracer->bpf->lookup(fd, &key, &sample.count) == 0) {
            uint32_t id = (uint32_t)key.stack;
            if (key.stack >= 0 && tracer->bpf->lookup(stacks, &id, sample.stack) == 0)
                while (sample.frames < UB_EXPLAIN_FRAMES && sample.stack[sample.frames])
                    sample.frames++;
            add(list, &sample, sizeof sample);
        }
        last = &key;
    }
}

int ub_explain_read(void *p, uint32_t kind, void *to, uint64_t bytes)
{
    const struct ub_tracer *tracer = p;
    struct list list = {.at = to, .room = bytes};
    int ret = 0;
    if (kind == UB_EXPLAIN_READ_HOOKS) {
        for (uint32_t i = 0; i < tracer->nhooks; i++)
            add(&list, &tracer->hooks[i], sizeof tracer->hooks[i]);
    } else if (kind == UB_EXPLAIN_READ_THREADS) {
        read_threads(tracer, &list);
    } else if (kind == UB_EXPLAIN_READ_SLEEPS) {
        read_sleeps(tracer, &list);
    } else if (kind == UB_EXPLAIN_READ_TOTALS) {
        ret = read_totals(tracer, &list);
    } else if (kind == UB_EXPLAIN_READ_IRQS) {
        ret = read_irqs(tracer, &list);
    } else if (kind == UB_EXPLAIN_READ_SYSCALLS) {
        read_syscalls(tracer, &list);
    } else if (kind == UB_EXPLAIN_READ_SAMPLES) {
        read_samples(tracer, &list);
    } else if (kind == UB_EXPLAIN_READ_RUN) {
        struct ub_explain_run run = {.window_ns = tracer->marks->frozen_ns,
                                     .programs = tracer->nprograms,
                                     .runs = tracer->runs,
                                     .ns = tracer->ns};
        add(&list, &run, sizeof run);
    } else {
        ret = -EINVAL;
    }
    return ret < 0 ? ret : list.count;
}
