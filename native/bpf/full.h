/* What costs much: each system call of the traced threads, and samples of what the kernel does. */
#ifndef UB_BPF_FULL_H
#define UB_BPF_FULL_H

#include "threads.h"

struct {
    MAP_NUMBER(type, MAP_HASH);
    MAP_NUMBER(max_entries, UB_EXPLAIN_SLEEPS);
    MAP_TYPE(key, struct ub_syscall_key);
    MAP_TYPE(value, struct ub_tally);
} syscalls SEC(".maps");

struct {
    MAP_NUMBER(type, MAP_HASH);
    MAP_NUMBER(max_entries, UB_EXPLAIN_SLEEPS);
    MAP_TYPE(key, struct ub_sample_key);
    MAP_TYPE(value, u64);
} samples SEC(".maps");

struct {
    MAP_NUMBER(type, MAP_STACK_TRACE);
    MAP_NUMBER(max_entries, UB_EXPLAIN_STACKS);
    MAP_NUMBER(key_size, sizeof(u32));
    MAP_NUMBER(value_size, UB_EXPLAIN_FRAMES * sizeof(u64));
} stacks SEC(".maps");

SEC("tp_btf/sys_enter") int sys_enter(u64 *ctx)
{
    struct ub_explain_thread *thread = current_thread();
    if (thread) {
        thread->syscall_ns = now_ns();
        thread->syscall = (u32)ctx[1];
    }
    return 0;
}

/* One that began before the window is not of it: each is counted where it ends, with the part inside. */
SEC("tp_btf/sys_exit") int sys_exit(u64 *ctx)
{
    struct ub_mark_head *window = head();
    struct ub_explain_thread *thread = current_thread();
    if (!window || !thread || thread->syscall_ns == 0)
        return 0;
    u64 ns = now_ns() - thread->syscall_ns;
    thread->syscall_ns = 0;
    if (!counted(window, thread))
        return 0;
    struct ub_syscall_key key = {.tid = thread->tid, .syscall = thread->syscall};
    struct ub_tally *tally = map_find(&syscalls, &key);
    if (tally) {
        tally->count++;
        tally->ns += ns;
        return 0;
    }
    struct ub_tally one = {.count = 1, .ns = ns};
    map_put(&syscalls, &key, &one, MAP_NOEXIST);
    return 0;
}

SEC("perf_event") int sample(void *ctx)
{
    struct ub_mark_head *window = head();
    struct ub_explain_thread *thread = current_thread();
    if (!window || !thread || !counted(window, thread))
        return 0;
    struct ub_sample_key key = {.tid = thread->tid};
    key.stack = (int)stack_id(ctx, &stacks, 0);
    u64 *count = map_find(&samples, &key), one = 1;
    if (count)
        *count += 1;
    else
        map_put(&samples, &key, &one, MAP_NOEXIST);
    return 0;
}

#endif
