/* Prints src/native/abi.ts: the constants and the layout of include/ub_abi.h as the compiler sees them, and
 * the backends' facts. */
#include <stddef.h>
#include <stdio.h>
#include "abi_fields.h"
#include "job.h"
#include "ub_explain.h"
#include "ub_series.h"

#define CONST(name) printf("  %s: %llu,\n", #name, (unsigned long long)(UB_##name))

/* kind: u32, i32, u64, f64, or bytes for what is nested. */
// clang-format off
#define KIND(x) _Generic((x), uint32_t : "u32", int32_t : "i32", uint64_t : "u64", double : "f64", default : "bytes")
// clang-format on
#define FIELD(type, name)                                                                                    \
    printf("      %s: { offset: %zu, bytes: %zu, kind: '%s' },\n", #name, offsetof(struct type, name),       \
           sizeof(((struct type *)0)->name), KIND(((struct type *)0)->name));

/* UB_FIELDS_*, made from the header (fields.awk), list all fields of a struct. */
#define STRUCT(name, type)                                                                                   \
    do {                                                                                                     \
        printf("  %s: {\n    size: %zu,\n    fields: {\n", name, sizeof(struct type));                       \
        UB_FIELDS_##type(FIELD) printf("    },\n  },\n");                                                    \
    } while (0)

static void constants(void)
{
    printf("export const UB = {\n");
    CONST(ABI_VERSION), CONST(MAGIC);
    CONST(PAIR_NONE), CONST(PAIR_WRITE_FDATASYNC), CONST(PAIR_READ_WRITE), CONST(PAIR_DOUBLE_WRITE);
    CONST(OP_READ), CONST(OP_WRITE), CONST(OP_TRIM), CONST(OP_SYNC);
    CONST(OP_CREATE), CONST(OP_STAT), CONST(OP_OPEN), CONST(OP_RENAME), CONST(OP_LINK), CONST(OP_UNLINK);
    CONST(OP_MKDIR), CONST(OP_RMDIR), CONST(OP_FALLOCATE), CONST(OP_FTRUNCATE), CONST(OP_WHOLEFILE),
        CONST(OPS), CONST(HIST_OPS);
    CONST(LAT_TOTAL), CONST(LAT_SUBMIT), CONST(LAT_DONE), CONST(LAT_RESPONSE), CONST(LATS);
    CONST(DIST_SEQUENTIAL), CONST(DIST_RANDOM), CONST(DIST_ZIPF), CONST(DIST_PARETO), CONST(DIST_NORMAL);
    CONST(ROOM_NONE), CONST(ROOM_NATIVE), CONST(ROOM_POSIX), CONST(ROOM_KEEP), CONST(ROOM_TRUNCATE);
    CONST(PURGE_DISCARD), CONST(PURGE_SECURE), CONST(PURGE_FORMAT);
    CONST(RATE_LINEAR), CONST(RATE_POISSON);
    CONST(FADVISE_NONE), CONST(FADVISE_RANDOM), CONST(FADVISE_SEQUENTIAL);
    CONST(SERVICE_ROUNDROBIN), CONST(SERVICE_RANDOM), CONST(SERVICE_SEQUENTIAL);
    CONST(FLAG_DIRECT), CONST(FLAG_O_SYNC), CONST(FLAG_O_DSYNC), CONST(FLAG_END_FSYNC),
        CONST(FLAG_INVALIDATE);
    CONST(FLAG_PRE_READ), CONST(FLAG_NORANDOMMAP), CONST(FLAG_REFILL), CONST(FLAG_ZERO_BUFFERS);
    CONST(FLAG_PRIVATE_FDS), CONST(FLAG_CONTINUE_READ), CONST(FLAG_CONTINUE_WRITE), CONST(FLAG_NOATIME),
        CONST(FLAG_DIRECTORIES), CONST(FLAG_CHECKSUM);
    CONST(STATE_NEW), CONST(STATE_READY), CONST(STATE_RUNNING), CONST(STATE_ENDED), CONST(STATE_FINISHED),
        CONST(STATE_FAILED);
    CONST(CLOCK_MONOTONIC), CONST(CLOCK_TSC);
    CONST(COUNT_NONE), CONST(COUNT_INSTRUCTIONS), CONST(COUNT_TASK_CLOCK);
    CONST(CALIBRATED_SYSCALL), CONST(CALIBRATED_NULL), CONST(CALIBRATED);
    CONST(HIST_COUNTS), CONST(MAX_CPUS), CONST(MAX_ERRORS), CONST(STAGE_BYTES), CONST(SYSCALLS),
        CONST(HASHED_IOS), CONST(SERIES_BYTES);
    CONST(EXPLAIN_NO_BTF), CONST(EXPLAIN_NO_LIBRARY), CONST(EXPLAIN_NO_RIGHTS);
    CONST(EXPLAIN_READ_HOOKS), CONST(EXPLAIN_READ_THREADS), CONST(EXPLAIN_READ_SLEEPS),
        CONST(EXPLAIN_READ_TOTALS), CONST(EXPLAIN_READ_IRQS), CONST(EXPLAIN_READ_RUN),
        CONST(EXPLAIN_READ_SYSCALLS), CONST(EXPLAIN_READ_SAMPLES), CONST(EXPLAIN_STACKS);
    CONST(EXPLAIN_THREADS), CONST(EXPLAIN_SLEEPS), CONST(EXPLAIN_OPCODES), CONST(EXPLAIN_BUCKETS);
    CONST(EXPLAIN_NAME), CONST(EXPLAIN_SAYS_BYTES), CONST(IRQ_HARD);
    CONST(WAKER_THREAD), CONST(WAKER_SELF), CONST(WAKER_KWORKER), CONST(WAKER_IDLE), CONST(WAKER_SOFTIRQ),
        CONST(WAKER_IRQ);
    CONST(SLEEP_UNINTERRUPTIBLE), CONST(SLEEP_IOWAIT), CONST(THREAD_IO_WORKER), CONST(THREAD_DID_IO);
    CONST(GROUP_SCHED), CONST(GROUP_BLOCK), CONST(GROUP_IO_URING), CONST(GROUP_IRQ), CONST(GROUP_SYSCALLS),
        CONST(GROUP_CACHE), CONST(GROUP_SAMPLES);
    CONST(HOOK_ATTACHED), CONST(HOOK_ABSENT), CONST(HOOK_OTHER), CONST(HOOK_FAILED);
    printf("} as const;\n\n");
}

static void syscalls(void)
{
    printf("/** Names of ub_result.syscalls, as strace prints them. */\nexport const SYSCALL_NAMES = {\n");
#define NAME(constant, text) printf("  %u: '%s',\n", UB_SYS_##constant, text)
    NAME(PREAD, "pread64"), NAME(PWRITE, "pwrite64"), NAME(PREADV2, "preadv2"), NAME(PWRITEV2, "pwritev2");
    NAME(IO_SUBMIT, "io_submit"), NAME(IO_GETEVENTS, "io_getevents"), NAME(IO_URING_ENTER, "io_uring_enter");
    NAME(FSYNC, "fsync"), NAME(FDATASYNC, "fdatasync"), NAME(IOCTL, "ioctl"), NAME(EPOLL_WAIT, "epoll_pwait"),
        NAME(READ, "read"), NAME(FUTEX, "futex");
    NAME(OPENAT, "openat"), NAME(CLOSE, "close"), NAME(STATX, "statx"), NAME(RENAMEAT2, "renameat2"),
        NAME(LINKAT, "linkat"), NAME(UNLINKAT, "unlinkat"), NAME(MKDIRAT, "mkdirat"),
        NAME(FALLOCATE, "fallocate"), NAME(FTRUNCATE, "ftruncate"), NAME(MSYNC, "msync");
    printf("} as const;\n\n");
}

/* The names of the features in bits, as a list. */
static void feature_names(const struct ub_ops *ops, uint64_t bits)
{
    const char *separator = "";
    putchar('[');
    for (const struct ub_feature *feature = ops->features; feature->bit; feature++) {
        if (bits & feature->bit) {
            printf("%s'%s'", separator, feature->name);
            separator = ", ";
        }
    }
    putchar(']');
}

/* Of the operations that a feature is for, as src/workload/operations.ts calls them. */
static const char *kind_names(uint32_t kinds)
{
    if (kinds == UB_ANY_KIND)
        return "'data', 'tree'";
    return kinds == 1u << UB_KIND_META ? "'tree'" : "'data'";
}

static void backends(void)
{
    printf("/** What the native library knows of its backends: opMask has the bits 1 << UB.OP_*. */\n"
           "export const BACKENDS = {\n");
    for (uint32_t id = 0; id < UB_BACKENDS; id++) {
        const struct ub_ops *ops = ub_backend_ops(id);
        printf("  '%s': {\n    id: %u,\n    async: %s,\n    hasSlat: %s,\n    pairs: %s,\n    syscallsExact: "
               "%s,\n",
               ops->name, id, ops->async ? "true" : "false", ops->has_slat ? "true" : "false",
               ops->has_pairs ? "true" : "false", ops->syscalls_exact ? "true" : "false");
        printf("    stackPerIo: %u,\n    opMask: %u,\n    features: {\n", ops->stack_per_io, ops->op_mask);
        for (const struct ub_feature *feature = ops->features; feature->bit; feature++) {
            printf("      %s: { bit: %llu, needs: ", feature->name, (unsigned long long)feature->bit);
            feature_names(ops, feature->needs);
            printf(", excludes: ");
            feature_names(ops, feature->excludes);
            printf(", kinds: [%s] },\n", kind_names(feature->kinds));
        }
        printf("    },\n  },\n");
    }
    printf("} as const;\n\n");
}

static void layout(void)
{
    printf("export const LAYOUT = {\n");
    STRUCT("job", ub_job);
    STRUCT("result", ub_result);
    STRUCT("opResult", ub_op_result);
    STRUCT("latency", ub_latency);
    STRUCT("error", ub_error);
    STRUCT("usage", ub_usage);
    STRUCT("arena", ub_arena);
    STRUCT("process", ub_process);
    STRUCT("file", ub_file);
    STRUCT("seriesOp", ub_series_op);
    STRUCT("seriesLook", ub_series_look);
    STRUCT("explainThread", ub_explain_thread);
    STRUCT("explainSleep", ub_explain_sleep);
    STRUCT("explainTotals", ub_explain_totals);
    STRUCT("explainIrq", ub_explain_irq);
    STRUCT("explainHook", ub_explain_hook);
    STRUCT("explainSyscall", ub_explain_syscall);
    STRUCT("explainSample", ub_explain_sample);
    STRUCT("explainRun", ub_explain_run);
    printf("} as const;\n");
}

int main(void)
{
    printf("// Generated from native/include/ub_abi.h by `npm run generate`. Do not edit.\n\n");
    constants();
    syscalls();
    backends();
    layout();
    return 0;
}
