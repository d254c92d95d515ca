/* Which programs run on this kernel: trace points come and go, and change their arguments. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include "explain.h"

static const struct ub_hook table[] = {
    {"sched_switch_state", "sched_switch", UB_GROUP_SCHED, 4, 0, NULL},
    {"sched_switch_task", "sched_switch", UB_GROUP_SCHED, 3, 0, NULL}, /* before 5.18 */
    {"sched_waking", "sched_waking", UB_GROUP_SCHED, 1, 0, NULL},
    {"sched_wakeup", "sched_wakeup", UB_GROUP_SCHED, 1, 0, NULL},
    {"sched_migrate_task", "sched_migrate_task", UB_GROUP_SCHED, 2, 0, NULL},
    {"task_newtask", "task_newtask", UB_GROUP_SCHED, 2, 0, NULL},
    {"task_rename", "task_rename", UB_GROUP_SCHED, 2, 0, NULL},
    {"block_io_start", "block_io_start", UB_GROUP_BLOCK, 1, 0, NULL}, /* 6.5 */
    {"block_rq_insert", "block_rq_insert", UB_GROUP_BLOCK, 1, 0, NULL},
    {"block_rq_insert_begins", "block_rq_insert", UB_GROUP_BLOCK, 1, 0, "block_io_start"},
    {"block_rq_issue", "block_rq_issue", UB_GROUP_BLOCK, 1, 0, NULL},
    {"block_rq_issue_begins", "block_rq_issue", UB_GROUP_BLOCK, 1, 0, "block_io_start"},
    {"block_rq_merge", "block_rq_merge", UB_GROUP_BLOCK, 1, 0, NULL},
    {"block_rq_complete", "block_rq_complete", UB_GROUP_BLOCK, 3, 0, NULL},
    {"io_uring_submit_req", "io_uring_submit_req", UB_GROUP_IO_URING, 1, 0, NULL}, /* 6.3 */
    {"io_uring_submit_sqe", "io_uring_submit_sqe", UB_GROUP_IO_URING, 2, 0, "io_uring_submit_req"},
    {"io_uring_queue_async_work", "io_uring_queue_async_work", UB_GROUP_IO_URING, 2, 0, NULL},
    {"io_uring_complete", "io_uring_complete", UB_GROUP_IO_URING, 7, 0, NULL},
    {"io_uring_complete", "io_uring_complete", UB_GROUP_IO_URING, 3, 0, NULL}, /* since 6.13 */
    {"io_uring_cqe_overflow", "io_uring_cqe_overflow", UB_GROUP_IO_URING, 5, 0, NULL},
    {"io_uring_cqring_wait", "io_uring_cqring_wait", UB_GROUP_IO_URING, 2, 0, NULL},
    {"irq_handler_entry", "irq_handler_entry", UB_GROUP_IRQ, 2, 0, NULL},
    {"irq_handler_exit", "irq_handler_exit", UB_GROUP_IRQ, 3, 0, NULL},
    {"softirq_entry", "softirq_entry", UB_GROUP_IRQ, 1, 0, NULL},
    {"softirq_exit", "softirq_exit", UB_GROUP_IRQ, 1, 0, NULL},
    {"hrtimer_expire_entry", "hrtimer_expire_entry", UB_GROUP_IRQ, 2, 0, NULL},
    {"hrtimer_expire_exit", "hrtimer_expire_exit", UB_GROUP_IRQ, 1, 0, NULL},
    {"sys_enter", "sys_enter", UB_GROUP_SYSCALLS, 2, 1, NULL},
    {"sys_exit", "sys_exit", UB_GROUP_SYSCALLS, 2, 1, NULL},
    {"cache_add", "mm_filemap_add_to_page_cache", UB_GROUP_CACHE, 1, 1, NULL},
    {"cache_lookup", "mm_filemap_get_pages", UB_GROUP_CACHE, 3, 1, NULL}, /* 6.12 */
    {"cache_dirty", "writeback_dirty_folio", UB_GROUP_CACHE, 2, 1, NULL},
};
#define TABLE (sizeof table / sizeof *table)

/* Of file systems, which may be modules or not be there: nobody misses those that a kernel has not. */
static const struct ub_hook extra[] = {
    {"ext4_allocate_blocks", "ext4_allocate_blocks", UB_GROUP_BLOCK, 2, 0, NULL},
};
#define EXTRA (sizeof extra / sizeof *extra)

/* Arguments of a trace point, by the type that the kernel has of its programs; -1: there is no such trace
 * point. */
static int arguments_of(const struct ub_bpf *bpf, const struct btf *btf, const char *point)
{
    char name[64];
    snprintf(name, sizeof name, "btf_trace_%s", point);
    int32_t id = bpf->btf_find(btf, name, BTF_KIND_TYPEDEF);
    const struct btf_type *type = id > 0 ? bpf->btf_type(btf, (uint32_t)id) : NULL;
    type = type ? bpf->btf_type(btf, type->type) : NULL; /* a pointer */
    type = type ? bpf->btf_type(btf, type->type) : NULL; /* to a function, whose first argument is not ours */
    if (!type || BTF_INFO_KIND(type->info) != BTF_KIND_FUNC_PROTO)
        return -1;
    return (int)BTF_INFO_VLEN(type->info) - 1;
}

/* The entry of a trace point in what is reported: a new one at first. */
static uint32_t report(struct ub_tracer *tracer, const struct ub_hook *hook)
{
    for (uint32_t i = 0; i < tracer->nhooks; i++)
        if (strcmp(tracer->hooks[i].name, hook->point) == 0)
            return i;
    struct ub_explain_hook *added = &tracer->hooks[tracer->nhooks];
    snprintf(added->name, sizeof added->name, "%s", hook->point);
    added->group = hook->group;
    added->state = UB_HOOK_ABSENT;
    return tracer->nhooks++;
}

static void choose_one(struct ub_tracer *tracer, const struct btf *btf, const struct ub_hook *hook)
{
    if ((hook->full && !tracer->full) || (hook->unless && arguments_of(tracer->bpf, btf, hook->unless) >= 0))
        return;
    struct bpf_program *program = tracer->bpf->find_program(tracer->object, hook->program);
    uint32_t at = report(tracer, hook);
    int arguments = arguments_of(tracer->bpf, btf, hook->point);
    if (arguments >= 0 && tracer->hooks[at].state == UB_HOOK_ABSENT)
        tracer->hooks[at].state = UB_HOOK_OTHER;
    if (!program || arguments != (int)hook->arguments)
        return;
    if (tracer->hooks[at].state == UB_HOOK_ATTACHED) /* by a program that goes first */
        tracer->nprograms--;
    tracer->hooks[at].state = UB_HOOK_ATTACHED;
    tracer->programs[tracer->nprograms] = program;
    tracer->program_hooks[tracer->nprograms++] = at;
}

static void load_none(struct ub_tracer *tracer, const struct ub_hook *hooks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct bpf_program *program = tracer->bpf->find_program(tracer->object, hooks[i].program);
        if (program)
            tracer->bpf->set_autoload(program, 0);
    }
}

int ub_tracer_choose(struct ub_tracer *tracer)
{
    struct btf *btf = tracer->bpf->kernel_btf();
    if (!btf)
        return -1;
    load_none(tracer, table, TABLE);
    load_none(tracer, extra, EXTRA);
    for (size_t i = 0; i < TABLE; i++)
        choose_one(tracer, btf, &table[i]);
    for (size_t i = 0; i < EXTRA; i++)
        if (arguments_of(tracer->bpf, btf, extra[i].point) == (int)extra[i].arguments)
            choose_one(tracer, btf, &extra[i]);
    for (uint32_t i = 0; i < tracer->nprograms; i++)
        tracer->bpf->set_autoload(tracer->programs[i], 1);
    tracer->sampler = tracer->bpf->find_program(tracer->object, "sample");
    if (tracer->sampler)
        tracer->bpf->set_autoload(tracer->sampler, tracer->full != 0);
    tracer->bpf->btf_free(btf);
    return 0;
}
