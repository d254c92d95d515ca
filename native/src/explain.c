/*
 * Programs in the kernel that look on at a trial (bpf/explain.bpf.c), loaded by libbpf. All of it is
 * descriptors of this process, nothing is pinned: it goes when the process does, however that ends.
 */
#define _GNU_SOURCE
#include "explain.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>
#include <time.h>
#include "sys.h"
#include "ub_api.h"

#ifndef UB_EXPLAIN_OBJECT
#define UB_EXPLAIN_OBJECT "bpf/explain.bpf.o"
#endif
__asm__(".pushsection .rodata\n"
        ".balign 16\n"
        "ub_explain_object:\n"
        ".incbin \"" UB_EXPLAIN_OBJECT "\"\n"
        "ub_explain_object_end:\n"
        ".popsection\n");
extern const unsigned char ub_explain_object[] __attribute__((visibility("hidden")));
extern const unsigned char ub_explain_object_end[] __attribute__((visibility("hidden")));

/* A program of two instructions of a kind that needs the same rights as those that trace: return 0. */
static int may_load(void)
{
    static const struct bpf_insn code[] = {
        {.code = BPF_ALU64 | BPF_MOV | BPF_K},
        {.code = BPF_JMP | BPF_EXIT},
    };
    union bpf_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.prog_type = BPF_PROG_TYPE_PERF_EVENT;
    attr.insn_cnt = sizeof code / sizeof *code;
    attr.insns = (uint64_t)(uintptr_t)code;
    attr.license = (uint64_t)(uintptr_t) "GPL";
    long fd = UB_SYSCALL(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr, 0, 0, 0);
    if (fd >= 0)
        close((int)fd);
    return fd < 0 ? (int)fd : 0;
}

int ub_explain_probe(void)
{
    if (access("/sys/kernel/btf/vmlinux", R_OK) < 0)
        return UB_EXPLAIN_NO_BTF;
    if (!ub_bpf_library())
        return UB_EXPLAIN_NO_LIBRARY;
    int ret = may_load();
    return ret == -EPERM || ret == -EACCES ? (int)UB_EXPLAIN_NO_RIGHTS : ret;
}

/* What libbpf warned of, or else what was being done -> the error. */
static int failed(char *says, const char *what, int error)
{
    const char *said = ub_bpf_said();
    snprintf(says, UB_EXPLAIN_SAYS_BYTES, "%s%s%s", what, said[0] ? ": " : "", said);
    return error < 0 ? error : -EIO;
}

static int map_marks(struct ub_tracer *tracer, char *says)
{
    struct bpf_map *map = tracer->bpf->find_map(tracer->object, "marks");
    tracer->marks_fd = map ? tracer->bpf->map_fd(map) : -1;
    void *memory = MAP_FAILED;
    if (tracer->marks_fd >= 0)
        memory = mmap(NULL, UB_MARKS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, tracer->marks_fd, 0);
    if (memory == MAP_FAILED)
        return failed(says, "map the marks", -errno);
    tracer->marks = memory;
    return 0;
}

static int load(struct ub_tracer *tracer, char *says)
{
    ub_bpf_said();
    tracer->object =
        tracer->bpf->open_mem(ub_explain_object, (size_t)(ub_explain_object_end - ub_explain_object), NULL);
    if (!tracer->object)
        return failed(says, "open the programs", -errno);
    if (ub_tracer_choose(tracer) < 0)
        return failed(says, "read the kernel's types", -errno);
    int ret = tracer->bpf->load(tracer->object);
    if (ret < 0)
        return failed(says, "load the programs", ret);
    return map_marks(tracer, says);
}

int ub_explain_open(uint32_t full, void **out, char says[UB_EXPLAIN_SAYS_BYTES])
{
    const struct ub_bpf *bpf = ub_bpf_library();
    if (!bpf)
        return failed(says, "load libbpf", -ENOENT);
    struct ub_tracer *tracer = calloc(1, sizeof *tracer);
    if (!tracer)
        return failed(says, "allocate", -ENOMEM);
    tracer->bpf = bpf;
    tracer->full = full;
    tracer->stats_fd = -1;
    int ret = load(tracer, says);
    if (ret < 0) {
        ub_explain_close(tracer);
        return ret;
    }
    *out = tracer;
    return tracer->marks_fd;
}

static uint64_t monotonic_ns(void)
{
    struct timespec ts = {0};
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void detach(struct ub_tracer *tracer)
{
    for (uint32_t i = 0; i < tracer->nprograms; i++) {
        if (tracer->links[i])
            tracer->bpf->link_destroy(tracer->links[i]);
        tracer->links[i] = NULL;
    }
    ub_tracer_sample_end(tracer);
}

/* What cannot be attached although it was loaded is missing, and said to be. */
static void attach(struct ub_tracer *tracer)
{
    for (uint32_t i = 0; i < tracer->nprograms; i++) {
        struct ub_explain_hook *hook = &tracer->hooks[tracer->program_hooks[i]];
        tracer->links[i] = tracer->bpf->attach(tracer->programs[i]);
        hook->state = tracer->links[i] ? UB_HOOK_ATTACHED : UB_HOOK_FAILED;
    }
    if (!tracer->full)
        return;
    struct ub_explain_hook *clock = &tracer->hooks[tracer->nhooks];
    *clock =
        (struct ub_explain_hook){.name = "cpu-clock", .group = UB_GROUP_SAMPLES, .state = UB_HOOK_FAILED};
    if (ub_tracer_sample(tracer) == 0)
        clock->state = UB_HOOK_ATTACHED;
}

int ub_explain_start(void *p, int pid, char says[UB_EXPLAIN_SAYS_BYTES])
{
    struct ub_tracer *tracer = p;
    ub_tracer_clear(tracer);
    while (tracer->marks->nonce == 0)
        if (getrandom(&tracer->marks->nonce, sizeof tracer->marks->nonce, 0) < 0)
            return failed(says, "getrandom", -errno);
    tracer->foreign = pid != 0;
    tracer->marks->below = pid == (int)getpid();
    tracer->stats_fd = tracer->bpf->enable_stats(BPF_STATS_RUN_TIME);
    attach(tracer);
    ub_mark_announce(tracer->marks->nonce, UB_MARK_RUNNER);
    ub_tracer_cost(tracer, &tracer->runs, &tracer->ns);
    if (!tracer->foreign)
        ub_tracer_adopt_helpers(tracer);
    int ret = tracer->foreign && !tracer->marks->below ? ub_tracer_adopt(tracer, pid) : 0;
    if (ret < 0) {
        ub_explain_stop(tracer);
        return failed(says, "look at the process", ret);
    }
    if (tracer->foreign)
        ub_mark_window_open(tracer->marks, monotonic_ns());
    return 0;
}

int ub_explain_stop(void *p)
{
    struct ub_tracer *tracer = p;
    if (tracer->foreign && tracer->marks->active)
        ub_mark_window_close(tracer->marks, monotonic_ns());
    detach(tracer);
    uint64_t runs, ns;
    ub_tracer_cost(tracer, &runs, &ns);
    tracer->runs = runs - tracer->runs;
    tracer->ns = ns - tracer->ns;
    if (tracer->stats_fd >= 0)
        close(tracer->stats_fd);
    tracer->stats_fd = -1;
    return 0;
}

int ub_explain_close(void *p)
{
    struct ub_tracer *tracer = p;
    detach(tracer);
    if (tracer->stats_fd >= 0)
        close(tracer->stats_fd);
    if (tracer->marks)
        munmap(tracer->marks, UB_MARKS_BYTES);
    if (tracer->object)
        tracer->bpf->close(tracer->object);
    free(tracer);
    return 0;
}
