/*
 * What runs jobs: threads of this process, native (ub_jobs_*) or a runtime's own (ub_job_call), or this
 * process itself (ub_worker_main).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif
#include "job.h"
#include "kernel.h"
#include "source.h"
#include "ub_api.h"

/* Of a job's thread, beside what its backend puts there for each I/O in flight. A guard page lies below it.
 */
#define STACK_BYTES (256u << 10)

struct job_thread {
    struct ub_arena *arena;
    uint32_t index;
    int joined;
    pthread_t thread;
};

static struct {
    pthread_mutex_t lock;
    struct ub_arena *arena; /* whose jobs these are; NULL: none */
    struct job_thread *threads;
    uint32_t count;
} running = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *thread_main(void *arg)
{
    const struct job_thread *self = arg;
    ub_job_run(self->arena, self->index);
    return NULL;
}

static size_t stack_bytes(const struct ub_arena *arena, uint32_t index)
{
    const struct ub_job *job = (const struct ub_job *)((const char *)arena + arena->jobs) + index;
    return STACK_BYTES + (size_t)ub_backend_ops(job->backend)->stack_per_io * job->iodepth;
}

/* Jobs of a process of which some will never run: those that do wait for them no longer. */
static void leave_out(struct ub_arena *arena, uint32_t index, uint32_t count)
{
    const struct ub_job *jobs = (const struct ub_job *)((const char *)arena + arena->jobs);
    struct ub_process *process =
        (struct ub_process *)((char *)arena + arena->processes) + jobs[index].process;
    ub_arena_stop(arena);
    __atomic_add_fetch(&process->finished, count, __ATOMIC_ACQ_REL);
    __atomic_store_n(&process->measured, 1, __ATOMIC_RELEASE);
    ub_futex_wake(&process->measured);
}

/* Signals are the main thread's; a job must not be interrupted by them. */
static int start_threads(struct job_thread *threads, struct ub_arena *arena, uint32_t first, uint32_t count)
{
    pthread_attr_t attr;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_init(&attr);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int ret = 0;
    uint32_t i = 0;
    for (; i < count && ret == 0; i++) {
        threads[i] = (struct job_thread){.arena = arena, .index = first + i};
        pthread_attr_setstacksize(&attr, stack_bytes(arena, first + i));
        ret = pthread_create(&threads[i].thread, &attr, thread_main, &threads[i]);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    if (ret == 0)
        return 0;
    leave_out(arena, first, count - (i - 1));
    for (uint32_t k = 0; k + 1 < i; k++)
        pthread_join(threads[k].thread, NULL);
    return -ret;
}

int ub_jobs_start(void *arena, uint32_t first, uint32_t count)
{
    int ret = ub_jobs_check(arena, first, count);
    if (ret < 0)
        return ret;
    ret = -EBUSY;
    pthread_mutex_lock(&running.lock);
    if (!running.arena) {
        running.threads = calloc(count, sizeof *running.threads);
        ub_source_begin(arena, first, count);
        ret = running.threads ? start_threads(running.threads, arena, first, count) : -ENOMEM;
        if (ret == 0) {
            running.arena = arena;
            running.count = count;
        } else {
            ub_source_end(arena);
            free(running.threads);
        }
    }
    pthread_mutex_unlock(&running.lock);
    return ret;
}

/*
 * A job's thread has ended. It may have been killed alone, by a seccomp profile: then its job has failed, and
 * the others must not wait for it.
 */
static void see_off(struct ub_arena *arena, uint32_t index)
{
    struct ub_result *result = (struct ub_result *)((char *)arena + arena->results) + index;
    uint32_t state = __atomic_load_n(&result->state, __ATOMIC_ACQUIRE);
    if (state >= UB_STATE_FINISHED)
        return;
    const struct ub_clock clock = ub_arena_clock(arena);
    ub_job_fail(result, EOWNERDEAD, "run the job's thread", UINT32_MAX);
    result->error_ns = ub_now(&clock);
    __atomic_store_n(&result->state, UB_STATE_FAILED, __ATOMIC_RELEASE);
    ub_futex_wake(&result->state);
    leave_out(arena, index, state < UB_STATE_ENDED);
    ub_futex_wake(&arena->go);
    __atomic_add_fetch(&arena->finished, 1, __ATOMIC_ACQ_REL);
}

/* Whether the thread has ended, waited for no longer than until then (CLOCK_REALTIME). */
static int has_ended(struct job_thread *thread, const struct timespec *until)
{
    if (!thread->joined && pthread_timedjoin_np(thread->thread, NULL, until) == 0) {
        thread->joined = 1;
        see_off(thread->arena, thread->index);
    }
    return thread->joined;
}

int ub_jobs_join(void *arena)
{
    static const struct timespec now = {0};
    if (running.arena != arena)
        return -EINVAL;
    /* One may wait for another that is gone: so all are looked at again and again. */
    for (uint32_t i = 0; i < running.count; i++) {
        for (;;) {
            struct timespec until;
            clock_gettime(CLOCK_REALTIME, &until);
            until.tv_sec++;
            if (has_ended(&running.threads[i], &until))
                break;
            for (uint32_t k = i + 1; k < running.count; k++)
                has_ended(&running.threads[k], &now);
        }
    }
    pthread_mutex_lock(&running.lock);
    ub_source_end(arena);
    free(running.threads);
    running.arena = NULL;
    running.threads = NULL;
    pthread_mutex_unlock(&running.lock);
    return 0;
}

/*
 * A thread of a runtime keeps its descriptor table (UB_FLAG_PRIVATE_FDS is not for it) and is given back its
 * signals, but not its name: what the kernel has counted for it until then is a job's.
 */
int ub_job_call(void *arena, uint32_t index)
{
    sigset_t all, before;
    int ret = ub_jobs_check(arena, index, 1);
    if (ret < 0)
        return ret;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ub_job_run(arena, index);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return 0;
}

int ub_job_absent(void *p, uint32_t index)
{
    struct ub_arena *arena = p;
    if (index >= arena->njobs)
        return -EINVAL;
    const struct ub_result *results = (const struct ub_result *)((const char *)p + arena->results);
    if (results[index].state == UB_STATE_NEW)
        leave_out(arena, index, 1);
    return 0;
}

/*
 * A job as a process of its own. It ends with its parent, whatever way that goes; a Ctrl-C in the terminal,
 * or its end, reaches the whole group, but ending is the parent's to say, through the stop flag.
 */
int ub_worker_main(int fd, uint32_t index, int parent)
{
    static const int ours[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    struct stat st;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        return -ESRCH; /* it ended before it was asked to take this process along */
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        signal(ours[i], SIG_IGN);
    if (fstat(fd, &st) < 0)
        return -errno;
    struct ub_arena *arena = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (arena == MAP_FAILED)
        return -errno;
    if (arena->explain_fd >= 0)
        ub_mark_inherit(fd + 1);
    int ret = ub_jobs_check(arena, index, 1);
    if (ret == 0)
        ub_job_run(arena, index);
    return ret;
}

/* Features that are a flag of each read and write: set-up would not show that the kernel lacks them. */
static int probe_rw_flags(uint64_t features, const char **stage)
{
    static const struct {
        uint64_t feature;
        uint32_t flag;
        const char *name;
    } flags[] = {
        {UB_FEATURE_UNCACHED, UB_RWF_DONTCACHE, "RWF_DONTCACHE"},
        {UB_FEATURE_ATOMIC, UB_RWF_ATOMIC, "RWF_ATOMIC"},
    };
    int ret = 0;
    for (size_t i = 0; ret == 0 && i < sizeof flags / sizeof *flags; i++) {
        if (features & flags[i].feature) {
            *stage = flags[i].name;
            ret = ub_rw_flags_known(flags[i].flag);
        }
    }
    return ret;
}

int ub_probe(uint32_t backend, uint64_t features, uint32_t op_mask, uint32_t depth, uint64_t buffer_bytes,
             uint32_t jobs, char stage[UB_STAGE_BYTES])
{
    const struct ub_ops *ops = ub_backend_ops(backend);
    const struct ub_setup setup = {
        .op_mask = op_mask, .depth = depth, .jobs = jobs, .buffer_bytes = buffer_bytes};
    char rule[UB_STAGE_BYTES] = "look up backend";
    const char *where = rule;
    int ret = ops ? ub_features_check(ops, features, op_mask, rule) : -EINVAL;
    if (ret == 0)
        ret = probe_rw_flags(features, &where);
    if (ret == 0)
        ret = ops->probe(features, &setup, &where);
    size_t length = strnlen(where, UB_STAGE_BYTES - 1);
    memcpy(stage, where, length);
    stage[length] = 0;
    return ret;
}

void ub_leave(int code)
{
    _exit(code);
}

const char *ub_version(void)
{
#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)
    return UB_VERSION " abi " TEXT(UB_ABI_VERSION);
}

const char *ub_glibc(void)
{
#ifdef __GLIBC__
    return gnu_get_libc_version();
#else
    return NULL;
#endif
}
