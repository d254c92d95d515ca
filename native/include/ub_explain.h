/*
 * What the programs in the kernel (bpf/) and this library share: the values of their maps. src/native/abi.ts
 * has their layout, too. All times are in ns.
 *
 * The window's clock stands still while no job is in its window: intervals between two of its readings are
 * the parts inside, whatever began before or ended after.
 */
#ifndef UB_EXPLAIN_H
#define UB_EXPLAIN_H

#include <stdint.h>

#define UB_EXPLAIN_JOBS       4096u
#define UB_EXPLAIN_THREADS    4096u
#define UB_EXPLAIN_SLEEPS     16384u
#define UB_EXPLAIN_REQUESTS   16384u
#define UB_EXPLAIN_STACKS     16384u
#define UB_EXPLAIN_FRAMES     32u /* of a stack, from the leaf on */
#define UB_EXPLAIN_OPCODES    96u
#define UB_EXPLAIN_BUCKETS    44u /* log2 of ns: to 4.8 hours */
#define UB_EXPLAIN_NAME       16u
#define UB_EXPLAIN_SAYS_BYTES 200u /* of what went wrong, in words */

/* Who woke a thread. */
#define UB_WAKER_THREAD  0u
#define UB_WAKER_SELF    1u
#define UB_WAKER_KWORKER 2u
#define UB_WAKER_IDLE    3u
#define UB_WAKER_SOFTIRQ 4u
#define UB_WAKER_IRQ     5u
#define UB_WAKERS        6u

/* Where a thread is. */
#define UB_TASK_UNKNOWN  0u
#define UB_TASK_RUNNING  1u
#define UB_TASK_READY    2u
#define UB_TASK_SLEEPING 3u
#define UB_TASK_DEAD     4u

#define UB_SLEEP_UNINTERRUPTIBLE 1u
#define UB_SLEEP_IOWAIT          2u

/* ub_explain_thread.flags */
#define UB_THREAD_RENAMED   1u /* its name is to be looked at again */
#define UB_THREAD_IO_WORKER 2u /* io_uring's: iou-wrk or iou-sqp */
#define UB_THREAD_DID_IO    4u /* began requests of the block layer or of io_uring */

/*
 * A job marks itself for the programs by the name that its thread gets for a moment: UB_MARK_NAME of the
 * run's nonce and its slot. So it is known whatever process-id namespace it is in.
 */
#define UB_MARK_NAME   "u%08x%04x"
#define UB_MARK_RUNNER 0xffffu /* no job's slot: who starts them */

/* The first element of the map of marks, all others being struct ub_mark. */
struct ub_mark_head {
    uint32_t active; /* jobs in their windows */
    uint32_t nonce;
    uint64_t base_ns;   /* active: when the window's clock stood at 0 */
    uint64_t frozen_ns; /* not active: where it stands */
    uint32_t runner;    /* thread group of who starts what is traced */
    uint32_t below;     /* 1: the processes that it starts are traced */
    uint32_t lock;      /* of jobs that open or close their windows */
    uint32_t pad;
    uint64_t pad_line[3];
};

/* A job: written by itself. */
struct ub_mark {
    uint32_t open; /* 1: in its window */
    uint32_t tid;
    uint64_t begin_ns; /* of this part of the window, */
    uint64_t begin_cpu_ns;
    uint64_t alive_ns; /* and the parts before it */
    uint64_t cpu_ns;
    uint64_t pad_line[3];
};

/* Pages of a file that follow each other. */
struct ub_cache_run {
    uint64_t mapping; /* the kernel's address of the file's pages; 0: none */
    uint64_t first;
    uint64_t end; /* the page after the last */
};
#define UB_CACHE_RUNS 4u

/* A traced thread, by its id. */
struct ub_explain_thread {
    char name[UB_EXPLAIN_NAME];
    uint32_t tid;
    uint32_t tgid;
    uint32_t parent; /* the thread that started it */
    uint32_t slot;   /* of its mark; 0: no job */
    uint32_t state;  /* UB_TASK_* */
    uint32_t flags;
    uint64_t since_ns; /* in this state, */
    uint64_t since_w;  /* and by the window's clock */
    uint64_t born_w;
    uint64_t exec_ns; /* sum_exec_runtime when it got or left the CPU */
    uint64_t nvcsw;
    uint64_t switches; /* all of its switches so far, when it last left the CPU */
    uint64_t utime_ns; /* of the task when it got the CPU: sampled at ticks, or counted, as the kernel does */
    uint64_t stime_ns;
    int32_t sleep_syscall;
    uint32_t sleep_flags;
    uint32_t waker; /* UB_WAKER_* of the last wake-up */
    uint32_t syscall;
    uint64_t submit_ns;                      /* of io_uring's last request, until its first block request */
    uint64_t syscall_ns;                     /* since when it is in `syscall`; 0: in none */
    struct ub_cache_run runs[UB_CACHE_RUNS]; /* that it added since its last lookup; run: the next to go */
    uint64_t run;
    uint64_t lookup_mapping; /* its last lookup */
    uint64_t lookup_first;
    uint64_t lookup_last;
    uint64_t arrived;   /* of its requests, ended since it left the CPU, */
    uint64_t arrived_w; /* and the sum of when each could have been taken */
    /* In the window: */
    uint64_t alive_ns;  /* of what has ended */
    uint64_t run_ns;    /* CPU time */
    uint64_t on_cpu_ns; /* by the clock: more when something else took the CPU from the kernel's count */
    uint64_t user_ns;   /* CPU time in user mode and in the kernel, as the kernel tells them apart */
    uint64_t kernel_ns;
    uint64_t ready_ns;
    uint64_t sleep_ns;
    uint64_t voluntary;
    uint64_t involuntary;
    uint64_t migrations;
    uint64_t wakeups[UB_WAKERS];
};

/* A kind of sleep of a thread. */
struct ub_sleep_key {
    uint32_t tid;
    int32_t syscall; /* its number; -1: none */
    uint32_t flags;  /* UB_SLEEP_* */
    uint32_t pad;
};

/* What happened so often and took so long. */
struct ub_tally {
    uint64_t count;
    uint64_t ns;
};

#define UB_IRQ_HARD 0u
#define UB_IRQ_SOFT 1u
struct ub_irq_key {
    uint32_t kind; /* UB_IRQ_* */
    uint32_t vector;
};

struct ub_syscall_key {
    uint32_t tid;
    uint32_t syscall;
};

struct ub_sample_key {
    uint32_t tid;
    int32_t stack; /* below zero: none could be had */
};

/* A request of the block layer that a traced thread began. */
struct ub_traced_request {
    uint32_t tid; /* who began it */
    uint32_t pad;
    uint64_t start_ns;
    uint64_t insert_ns; /* 0: not inserted */
    uint64_t issue_ns;
    uint64_t issue_w;
};

#define UB_REQ_IOPOLL 1u
#define UB_REQ_BLOCK  2u /* it began a block request */
#define UB_REQ_PUNTED 4u
/* A request of io_uring in flight. */
struct ub_traced_uring {
    uint32_t flags;
    uint32_t pad;
};

/* A CPU: whether traced threads ran on it in the window, and the interrupts that it serves. */
struct ub_traced_cpu {
    uint64_t used;
    uint64_t timer;       /* 1: a timer's interrupt is being served */
    uint64_t begin_ns[2]; /* by UB_IRQ_*: since when one is being served; 0: none is */
    uint64_t hard_ns;     /* of all hard interrupts so far, */
    uint64_t hard_before; /* and when the soft one began */
};

/* Counts and times of everything traced, one of these a CPU: 64-bit words only. */
struct ub_explain_totals {
    uint64_t started;
    uint64_t inserted;
    uint64_t issued;
    uint64_t completed;
    uint64_t errors;
    uint64_t bytes;
    uint64_t before_ns;
    uint64_t queue_ns;
    uint64_t device_ns;
    uint64_t reap_wait_ns; /* from a request's end, which found its thread off the CPU, while that was able to
                              run */
    uint64_t depth_ns;
    uint64_t others;
    uint64_t lost; /* begun, and their end was not seen: some kernels run no program while a thread of process
                      1 is current (docs/EXPLAIN.md), and maps fill up */
    uint64_t queue_hist[UB_EXPLAIN_BUCKETS];
    uint64_t device_hist[UB_EXPLAIN_BUCKETS];
    uint64_t submits[UB_EXPLAIN_OPCODES];
    uint64_t completions;
    uint64_t completed_inline;
    uint64_t task_work;
    uint64_t poll;
    uint64_t punted;
    uint64_t punted_unable; /* of these, reads and writes of files that cannot be asked without waiting */
    uint64_t overflows;
    uint64_t waits;
    uint64_t submit_to_block_ns;
    uint64_t submit_to_block;
    uint64_t call_to_block_ns; /* of threads that are in a system call, where those are traced */
    uint64_t call_to_block;
    uint64_t lookups; /* pages: */
    uint64_t misses;
    uint64_t added;
    uint64_t dirtied;
    uint64_t allocations; /* times that a file system looked for room on its device: ext4's */
};

/* Why nothing can be traced. */
#define UB_EXPLAIN_NO_BTF     1u /* the kernel does not describe its types */
#define UB_EXPLAIN_NO_LIBRARY 2u /* libbpf.so.1 is not there, or is not one */
#define UB_EXPLAIN_NO_RIGHTS  3u

/* What ub_explain_read gives: */
#define UB_EXPLAIN_READ_HOOKS    0u /* struct ub_explain_hook */
#define UB_EXPLAIN_READ_THREADS  1u /* struct ub_explain_thread, as of the window's end */
#define UB_EXPLAIN_READ_SLEEPS   2u /* struct ub_explain_sleep */
#define UB_EXPLAIN_READ_TOTALS   3u /* one struct ub_explain_totals */
#define UB_EXPLAIN_READ_IRQS     4u /* struct ub_explain_irq */
#define UB_EXPLAIN_READ_SYSCALLS 6u /* struct ub_explain_syscall */
#define UB_EXPLAIN_READ_SAMPLES  7u /* struct ub_explain_sample */
#define UB_EXPLAIN_READ_RUN      5u /* one struct ub_explain_run */

#define UB_GROUP_SCHED    0u
#define UB_GROUP_BLOCK    1u
#define UB_GROUP_IO_URING 2u
#define UB_GROUP_IRQ      3u
#define UB_GROUP_SYSCALLS 4u
#define UB_GROUP_CACHE    5u
#define UB_GROUP_SAMPLES  6u

#define UB_HOOK_ATTACHED 0u
#define UB_HOOK_ABSENT   1u /* the kernel has no such trace point */
#define UB_HOOK_OTHER    2u /* it has, with other arguments */
#define UB_HOOK_FAILED   3u

/* A trace point, and whether its program is there. */
struct ub_explain_hook {
    char name[40];
    uint32_t group; /* UB_GROUP_* */
    uint32_t state; /* UB_HOOK_* */
};

struct ub_explain_sleep {
    uint32_t tid;
    int32_t syscall;
    uint32_t flags; /* UB_SLEEP_* */
    uint32_t pad;
    uint64_t count;
    uint64_t ns;
};

/* Of the CPUs that traced threads ran on. */
struct ub_explain_irq {
    uint32_t kind; /* UB_IRQ_* */
    uint32_t vector;
    uint64_t count;
    uint64_t ns;
};

/* How often a thread made a system call, and how long they took. */
struct ub_explain_syscall {
    uint32_t tid;
    uint32_t syscall;
    uint64_t count;
    uint64_t ns;
};

/* How often a thread was found in this place of the kernel. */
struct ub_explain_sample {
    uint32_t tid;
    uint32_t frames;
    uint64_t count;
    uint64_t stack[UB_EXPLAIN_FRAMES]; /* addresses, the leaf first */
};

/* The window, and what the programs took (0 where the kernel does not count that). */
struct ub_explain_run {
    uint64_t window_ns;
    uint64_t programs;
    uint64_t runs;
    uint64_t ns;
};

#ifndef __bpf__
#define UB_EXPLAIN_ASSERT(what) _Static_assert(what, #what)
UB_EXPLAIN_ASSERT(sizeof(struct ub_mark_head) == sizeof(struct ub_mark));
UB_EXPLAIN_ASSERT(sizeof(struct ub_mark) == 64);
UB_EXPLAIN_ASSERT(sizeof(struct ub_explain_thread) % 8 == 0);
#endif

#endif
