/* The traced threads, the jobs' marks and the window that they make. */
#ifndef UB_BPF_THREADS_H
#define UB_BPF_THREADS_H

#include "kernel.h"
#include "ub_explain.h"

struct {
    MAP_NUMBER(type, MAP_ARRAY);
    MAP_NUMBER(max_entries, UB_EXPLAIN_JOBS + 1);
    MAP_NUMBER(map_flags, MAP_F_MMAPABLE);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, struct ub_mark);
} marks SEC(".maps");

struct {
    MAP_NUMBER(type, MAP_HASH);
    MAP_NUMBER(max_entries, UB_EXPLAIN_THREADS);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, struct ub_explain_thread);
} threads SEC(".maps");

struct {
    MAP_NUMBER(type, MAP_HASH);
    MAP_NUMBER(max_entries, UB_EXPLAIN_SLEEPS);
    MAP_TYPE(key, struct ub_sleep_key);
    MAP_TYPE(value, struct ub_tally);
} sleeps SEC(".maps");

struct {
    MAP_NUMBER(type, MAP_PERCPU_ARRAY);
    MAP_NUMBER(max_entries, 1);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, struct ub_explain_totals);
} totals SEC(".maps");

struct {
    MAP_NUMBER(type, MAP_PERCPU_ARRAY);
    MAP_NUMBER(max_entries, 1);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, struct ub_traced_cpu);
} cpus SEC(".maps");

/* NULL never comes: the verifier wants it to be looked at. */
INLINE struct ub_mark_head *head(void)
{
    u32 first = 0;
    return map_find(&marks, &first);
}

INLINE struct ub_explain_totals *counts(void)
{
    u32 first = 0;
    return map_find(&totals, &first);
}

INLINE struct ub_traced_cpu *this_cpus(void)
{
    u32 first = 0;
    return map_find(&cpus, &first);
}

INLINE struct ub_explain_thread *thread_of(const struct task_struct *task)
{
    u32 tid = (u32)task->pid;
    return map_find(&threads, &tid);
}

INLINE struct ub_explain_thread *current_thread(void)
{
    return thread_of(current_task());
}

/* The window's clock. */
INLINE u64 window_at(struct ub_mark_head *window, u64 now)
{
    return ONCE(window->active) ? now - ONCE(window->base_ns) : ONCE(window->frozen_ns);
}

/* Whether what a thread does counts: a job has a window of its own, all others are of the common one. */
INLINE int counted(struct ub_mark_head *window, const struct ub_explain_thread *thread)
{
    if (thread->slot == 0)
        return ONCE(window->active) != 0;
    u32 slot = thread->slot;
    struct ub_mark *mark = map_find(&marks, &slot);
    return mark && ONCE(mark->open);
}

/* Bit of the highest power of two: its index. */
INLINE u32 bucket_of(u64 ns)
{
    u32 bucket = 0;
    if (ns >> 32)
        ns >>= 32, bucket += 32;
    if (ns >> 16)
        ns >>= 16, bucket += 16;
    if (ns >> 8)
        ns >>= 8, bucket += 8;
    if (ns >> 4)
        ns >>= 4, bucket += 4;
    if (ns >> 2)
        ns >>= 2, bucket += 2;
    if (ns >> 1)
        bucket += 1;
    return bucket < UB_EXPLAIN_BUCKETS ? bucket : UB_EXPLAIN_BUCKETS - 1;
}

#endif
