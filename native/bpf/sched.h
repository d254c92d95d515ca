/* Where the time of traced threads goes, who wakes them, and how threads come to be traced. */
#ifndef UB_BPF_SCHED_H
#define UB_BPF_SCHED_H

#include "threads.h"

/* A new state, from now on. */
INLINE void enter(struct ub_explain_thread *thread, u32 state, u64 now, u64 w)
{
    thread->state = state;
    thread->since_ns = now;
    thread->since_w = w;
}

/* How long it has been in its state, inside the window: a job in its own, in which it runs at both ends. */
INLINE u64 spent(struct ub_mark_head *window, const struct ub_explain_thread *thread, u64 w)
{
    return thread->slot && !counted(window, thread) ? 0 : w - thread->since_w;
}

INLINE void slept(struct ub_mark_head *window, struct ub_explain_thread *thread, u64 w)
{
    u64 ns = spent(window, thread, w);
    struct ub_sleep_key key = {
        .tid = thread->tid, .syscall = thread->sleep_syscall, .flags = thread->sleep_flags};
    struct ub_tally *tally = map_find(&sleeps, &key);
    thread->sleep_ns += ns;
    if (tally) {
        tally->ns += ns;
    } else if (ns) { /* it was asleep before it was traced */
        struct ub_tally one = {.ns = ns};
        map_put(&sleeps, &key, &one, MAP_NOEXIST);
    }
}

/* CPU time of a stay on the CPU of which only a part was inside the window. */
INLINE u64 share(u64 ran, u64 inside, u64 all)
{
    if (inside >= all || all == 0)
        return ran;
    return ((inside << 20) / all) * ran >> 20;
}

/* The number of the system call that a thread is in; -1: none, or a kernel thread. */
INLINE int syscall_of(struct task_struct *task)
{
    if (task->flags & (PF_KTHREAD | PF_IO_WORKER))
        return -1;
    struct pt_regs___x86 *x86 = (void *)task_regs(task);
    if (EXISTS(x86->orig_ax))
        return (int)x86->orig_ax;
    struct pt_regs___arm64 *arm64 = (void *)task_regs(task);
    if (EXISTS(arm64->syscallno))
        return arm64->syscallno;
    return -1;
}

INLINE int in_iowait(struct task_struct *task)
{
    /* The unit that holds the bit, and where it is in that: loads at fixed offsets are all that is allowed.
     */
    const char *at = (const char *)task + __builtin_preserve_field_info(task->in_iowait, 0);
    u64 value = 0;
    switch (__builtin_preserve_field_info(task->in_iowait, 1)) {
    case 1:
        value = *(const unsigned char *)at;
        break;
    case 2:
        value = *(const u16 *)at;
        break;
    case 4:
        value = *(const u32 *)at;
        break;
    case 8:
        value = *(const u64 *)at;
        break;
    }
    value <<= __builtin_preserve_field_info(task->in_iowait, 4);
    value >>= __builtin_preserve_field_info(task->in_iowait, 5);
    return value != 0;
}

INLINE void copy_name(struct ub_explain_thread *thread, struct task_struct *task)
{
    UNROLLED
    for (int i = 0; i < (int)UB_EXPLAIN_NAME; i++)
        thread->name[i] = task->comm[i];
}

/* It goes to sleep: in what. */
INLINE void fall_asleep(struct ub_explain_thread *thread, struct task_struct *task, u32 state, int count)
{
    struct ub_sleep_key key = {.tid = thread->tid, .syscall = syscall_of(task)};
    if (state & TASK_UNINTERRUPTIBLE)
        key.flags |= UB_SLEEP_UNINTERRUPTIBLE;
    if (in_iowait(task))
        key.flags |= UB_SLEEP_IOWAIT;
    thread->sleep_syscall = key.syscall;
    thread->sleep_flags = key.flags;
    struct ub_tally *tally = map_find(&sleeps, &key);
    if (tally) {
        tally->count += (u64)count;
    } else {
        struct ub_tally one = {.count = (u64)count};
        map_put(&sleeps, &key, &one, MAP_NOEXIST);
    }
}

INLINE void leave_cpu(struct ub_mark_head *window, struct ub_explain_thread *thread, struct task_struct *task,
                      u32 state, u64 now)
{
    u64 w = window_at(window, now), exec = task->se.sum_exec_runtime;
    /* Each switch counts in the task before it is told: one that does not was told before. Seen while tracers
     * of two processes came and went on Linux 6.18. */
    u64 switches = task->nvcsw + task->nivcsw;
    if (switches == thread->switches)
        return;
    thread->switches = switches;
    if (thread->state == UB_TASK_RUNNING) {
        u64 inside = w - thread->since_w;
        thread->on_cpu_ns += inside;
        thread->run_ns += share(exec - thread->exec_ns, inside, now - thread->since_ns);
        thread->user_ns += share(task->utime - thread->utime_ns, inside, now - thread->since_ns);
        thread->kernel_ns += share(task->stime - thread->stime_ns, inside, now - thread->since_ns);
    }
    if (thread->flags & UB_THREAD_RENAMED) {
        thread->flags &= ~UB_THREAD_RENAMED;
        copy_name(thread, task);
    }
    int count = counted(window, thread);
    u64 voluntary = task->nvcsw - thread->nvcsw;
    thread->exec_ns = exec;
    thread->nvcsw = task->nvcsw;
    if (state & TASK_DEAD) {
        thread->alive_ns += w - thread->born_w;
        enter(thread, UB_TASK_DEAD, now, w);
        return;
    }
    enter(thread, voluntary ? UB_TASK_SLEEPING : UB_TASK_READY, now, w);
    if (voluntary)
        fall_asleep(thread, task, state, count);
    if (voluntary)
        thread->voluntary += (u64)count;
    else
        thread->involuntary += (u64)count;
}

/* It can take what has ended meanwhile: how long that was kept from it by others on its CPU alone. */
INLINE void reaps(struct ub_mark_head *window, struct ub_explain_thread *thread, u64 w)
{
    u64 count = __sync_lock_test_and_set(&thread->arrived, 0);
    u64 since = __sync_lock_test_and_set(&thread->arrived_w, 0);
    struct ub_explain_totals *sum = counts();
    if (sum && count && thread->state == UB_TASK_READY && counted(window, thread) && count * w > since)
        sum->reap_wait_ns += count * w - since;
}

INLINE void take_cpu(struct ub_mark_head *window, struct ub_explain_thread *thread, struct task_struct *task,
                     u64 now)
{
    u64 w = window_at(window, now);
    if (thread->state == UB_TASK_READY)
        thread->ready_ns += spent(window, thread, w);
    else if (thread->state == UB_TASK_SLEEPING)
        slept(window, thread, w);
    reaps(window, thread, w);
    thread->exec_ns = task->se.sum_exec_runtime;
    thread->utime_ns = task->utime;
    thread->stime_ns = task->stime;
    thread->nvcsw = task->nvcsw;
    enter(thread, UB_TASK_RUNNING, now, w);
    struct ub_traced_cpu *cpu = this_cpus();
    if (cpu && ONCE(window->active))
        cpu->used = 1;
}

INLINE int switched(struct task_struct *from, struct task_struct *to, u32 state)
{
    struct ub_mark_head *window = head();
    if (!window)
        return 0;
    struct ub_explain_thread *leaves = thread_of(from);
    if (leaves)
        leave_cpu(window, leaves, from, state, now_ns());
    struct ub_explain_thread *comes = thread_of(to);
    if (comes)
        take_cpu(window, comes, to, now_ns());
    return 0;
}

/* Where the state is an argument it is what the switch was made for; in the task a waker may have changed it.
 */
SEC("tp_btf/sched_switch") int sched_switch_state(u64 *ctx)
{
    return switched((void *)ctx[1], (void *)ctx[2], (u32)ctx[3]);
}

SEC("tp_btf/sched_switch") int sched_switch_task(u64 *ctx)
{
    struct task_struct *from = (void *)ctx[1];
    return switched(from, (void *)ctx[2], from->__state);
}

INLINE u32 waker_of(const struct task_struct *woken)
{
    const struct ub_traced_cpu *cpu = this_cpus();
    if (cpu && (cpu->begin_ns[UB_IRQ_HARD] || cpu->timer))
        return UB_WAKER_IRQ;
    if (cpu && cpu->begin_ns[UB_IRQ_SOFT])
        return UB_WAKER_SOFTIRQ;
    const struct task_struct *task = current_task();
    if (task->pid == 0)
        return UB_WAKER_IDLE;
    if (task->flags & PF_WQ_WORKER)
        return UB_WAKER_KWORKER;
    return task->pid == woken->pid ? UB_WAKER_SELF : UB_WAKER_THREAD;
}

/* In whose context it is woken; that it is on a run queue comes later, perhaps by another CPU. */
SEC("tp_btf/sched_waking") int sched_waking(u64 *ctx)
{
    struct task_struct *task = (void *)ctx[0];
    struct ub_explain_thread *thread = thread_of(task);
    if (thread)
        thread->waker = waker_of(task);
    return 0;
}

SEC("tp_btf/sched_wakeup") int sched_wakeup(u64 *ctx)
{
    struct ub_mark_head *window = head();
    struct ub_explain_thread *thread = thread_of((struct task_struct *)ctx[0]);
    if (!window || !thread || thread->state != UB_TASK_SLEEPING)
        return 0; /* else it was about to sleep and has not */
    u64 now = now_ns(), w = window_at(window, now);
    slept(window, thread, w);
    enter(thread, UB_TASK_READY, now, w);
    thread->arrived_w = thread->arrived * w; /* from now on it is the CPU that it waits for */
    if (counted(window, thread) && thread->waker < UB_WAKERS)
        thread->wakeups[thread->waker]++;
    return 0;
}

SEC("tp_btf/sched_migrate_task") int sched_migrate_task(u64 *ctx)
{
    struct ub_mark_head *window = head();
    struct ub_explain_thread *thread = thread_of((struct task_struct *)ctx[0]);
    if (window && thread && counted(window, thread))
        thread->migrations++;
    return 0;
}

/* From now on this task is traced. */
INLINE void trace_task(struct ub_mark_head *window, struct task_struct *task, u32 parent, u32 slot, u32 state)
{
    u64 now = now_ns(), w = window_at(window, now);
    struct ub_explain_thread thread = {.tid = (u32)task->pid,
                                       .tgid = (u32)task->tgid,
                                       .parent = parent,
                                       .slot = slot,
                                       .state = state,
                                       .flags = UB_THREAD_RENAMED,
                                       .since_ns = now,
                                       .since_w = w,
                                       .born_w = w,
                                       .exec_ns = task->se.sum_exec_runtime,
                                       .utime_ns = task->utime,
                                       .stime_ns = task->stime,
                                       .nvcsw = task->nvcsw,
                                       .switches = ~0ull};
    if (task->flags & PF_IO_WORKER)
        thread.flags |= UB_THREAD_IO_WORKER;
    map_put(&threads, &thread.tid, &thread, MAP_ANY);
}

/* What a traced thread starts is traced: glibc's aio threads, pools, io_uring's workers. */
SEC("tp_btf/task_newtask") int task_newtask(u64 *ctx)
{
    struct ub_mark_head *window = head();
    struct task_struct *parent = current_task(), *task = (void *)ctx[0];
    if (!window)
        return 0;
    int below = window->below && (u32)parent->tgid == window->runner && parent->tgid != task->tgid;
    if (below || thread_of(parent))
        trace_task(window, task, (u32)parent->pid, 0, UB_TASK_READY);
    return 0;
}

/* A mark's name in hexadecimal digits after the first character: digits from, so many; ~0 when it is none. */
INLINE u32 digits(const struct task_struct *task, const int from, const int count)
{
    u32 value = 0;
    UNROLLED
    for (int i = 0; i < count; i++) {
        u32 c = (unsigned char)task->comm[from + i];
        u32 digit = c - '0' < 10 ? c - '0' : c - 'a' < 6 ? c - 'a' + 10 : 16;
        if (digit > 15)
            return ~0u;
        value = value << 4 | digit;
    }
    return value;
}

/* A thread that gives the name of a mark back is that job. Its arguments come before the task has the new
 * name. */
SEC("tp_btf/task_rename") int task_rename(u64 *ctx)
{
    struct ub_mark_head *window = head();
    struct task_struct *task = (void *)ctx[0];
    struct ub_explain_thread *thread = thread_of(task);
    if (!window)
        return 0;
    if (thread)
        thread->flags |= UB_THREAD_RENAMED;
    if (task->comm[0] != 'u' || window->nonce == 0 || digits(task, 1, 8) != window->nonce)
        return 0;
    u32 slot = digits(task, 9, 4);
    if (slot == UB_MARK_RUNNER)
        window->runner = (u32)task->tgid;
    else if (slot >= 1 && slot <= UB_EXPLAIN_JOBS)
        trace_task(window, task, 0, slot, UB_TASK_RUNNING);
    return 0;
}

#endif
