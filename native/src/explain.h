/* A tracer: the programs of bpf/explain.bpf.c as they are loaded here, and how what they counted is read. */
#ifndef UB_TRACER_H
#define UB_TRACER_H

#include "bpf.h"
#include "mark.h"

/* A program and the trace point that it is for. */
struct ub_hook {
    const char *program;
    const char *point;
    uint32_t group;     /* UB_GROUP_* */
    uint32_t arguments; /* that the trace point must have */
    uint32_t full;      /* 1: costs much */
    const char *unless; /* only where the kernel has no such trace point */
};
#define UB_HOOKS 40

struct ub_tracer {
    const struct ub_bpf *bpf;
    struct bpf_object *object;
    uint32_t full;
    uint32_t nhooks;
    struct ub_explain_hook hooks[UB_HOOKS]; /* one a trace point, for who reads */
    uint32_t nprograms;
    struct bpf_program *programs[UB_HOOKS]; /* that are loaded */
    uint32_t program_hooks[UB_HOOKS];       /* index in hooks */
    struct bpf_link *links[UB_HOOKS];
    struct bpf_program *sampler; /* with full: on a clock of each CPU */
    struct bpf_link **samplers;  /* [nsamplers] */
    uint32_t nsamplers;
    struct ub_mark_head *marks; /* mapped, and the marks behind it */
    int marks_fd;
    int stats_fd;  /* as long as it is open the kernel counts what programs take */
    int foreign;   /* the window is start's and stop's */
    uint64_t runs; /* of the programs, before */
    uint64_t ns;
};

/* explain_hooks.c: chooses the programs that this kernel has trace points for. */
int ub_tracer_choose(struct ub_tracer *tracer);
/* explain_read.c: forgets what was counted. */
void ub_tracer_clear(struct ub_tracer *tracer);
/* Runs of all programs so far, and the time that they took. */
void ub_tracer_cost(const struct ub_tracer *tracer, uint64_t *runs, uint64_t *ns);
/* explain_samples.c: looks at what each CPU does so many times a second; -errno where the kernel refuses it.
 */
#define UB_SAMPLES_HZ 997u /* no multiple of what else happens at fixed times */
int ub_tracer_sample(struct ub_tracer *tracer);
void ub_tracer_sample_end(struct ub_tracer *tracer);
/* explain_tree.c: traces the threads of a process and of those that it has started. */
int ub_tracer_adopt(struct ub_tracer *tracer, int pid);
/* Threads that jobs of this process have left behind: glibc keeps its own for a second, for whoever comes
 * next. */
void ub_tracer_adopt_helpers(struct ub_tracer *tracer);

#endif
