/* Requests of io_uring: how they go in, how they come back. */
#ifndef UB_BPF_URING_H
#define UB_BPF_URING_H

#include "threads.h"

struct {
    MAP_NUMBER(type, MAP_HASH);
    MAP_NUMBER(max_entries, UB_EXPLAIN_REQUESTS);
    MAP_TYPE(key, u64);
    MAP_TYPE(value, struct ub_traced_uring);
} urings SEC(".maps");

/* The request that each traced thread submitted last. */
struct {
    MAP_NUMBER(type, MAP_HASH);
    MAP_NUMBER(max_entries, UB_EXPLAIN_THREADS);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, u64);
} submitted SEC(".maps");

/* A thread's first block request after it submitted one of io_uring's: this one led to it. */
INLINE void uring_reached_block(struct ub_mark_head *window, struct ub_explain_thread *thread,
                                struct ub_explain_totals *sum, u64 now)
{
    if (thread->submit_ns == 0)
        return;
    if (counted(window, thread)) {
        sum->submit_to_block_ns += now - thread->submit_ns;
        sum->submit_to_block++;
    }
    thread->submit_ns = 0;
    u32 tid = thread->tid;
    u64 *request = map_find(&submitted, &tid);
    struct ub_traced_uring *known = request ? map_find(&urings, request) : 0;
    if (known)
        known->flags |= UB_REQ_BLOCK;
}

INLINE int submit_uring(const struct io_kiocb *request)
{
    struct ub_mark_head *window = head();
    struct ub_explain_thread *thread = current_thread();
    struct ub_explain_totals *sum = counts();
    if (!window || !thread || !sum)
        return 0;
    u64 key = (u64)request;
    u32 tid = thread->tid, opcode = request->opcode;
    struct ub_traced_uring one = {0};
    if (request->ctx->flags & IORING_SETUP_IOPOLL)
        one.flags |= UB_REQ_IOPOLL;
    map_put(&urings, &key, &one, MAP_ANY);
    map_put(&submitted, &tid, &key, MAP_ANY);
    thread->submit_ns = now_ns();
    thread->flags |= UB_THREAD_DID_IO;
    if (counted(window, thread))
        sum->submits[opcode < UB_EXPLAIN_OPCODES ? opcode : UB_EXPLAIN_OPCODES - 1]++;
    return 0;
}

SEC("tp_btf/io_uring_submit_req") int io_uring_submit_req(u64 *ctx)
{
    return submit_uring((void *)ctx[0]);
}

/* Before Linux 6.3 */
SEC("tp_btf/io_uring_submit_sqe") int io_uring_submit_sqe(u64 *ctx)
{
    return submit_uring((void *)ctx[0]);
}

/* READV, WRITEV, READ_FIXED, WRITE_FIXED, READ, WRITE */
#define READS_AND_WRITES (1u << 1 | 1u << 2 | 1u << 4 | 1u << 5 | 1u << 22 | 1u << 23)

INLINE int is_unable(const struct io_kiocb *request)
{
    const struct file *file = request->file;
    u32 opcode = request->opcode;
    return opcode < 32 && (1u << opcode & READS_AND_WRITES) && file && (file->f_mode & FMODE_NOWAIT) == 0;
}

SEC("tp_btf/io_uring_queue_async_work") int io_uring_queue_async_work(u64 *ctx)
{
    u64 key = ctx[0];
    struct ub_mark_head *window = head();
    struct ub_explain_thread *thread = current_thread();
    struct ub_explain_totals *sum = counts();
    struct ub_traced_uring *known = map_find(&urings, &key);
    if (!window || !thread || !sum)
        return 0;
    if (known)
        known->flags |= UB_REQ_PUNTED;
    thread->submit_ns = 0; /* what comes to the block layer next here is of another one */
    if (counted(window, thread))
        sum->punted++;
    if (counted(window, thread) && is_unable((void *)ctx[0]))
        sum->punted_unable++;
    return 0;
}

SEC("tp_btf/io_uring_complete") int io_uring_complete(u64 *ctx)
{
    u64 key = ctx[1];
    struct ub_mark_head *window = head();
    struct ub_explain_thread *thread = current_thread();
    struct ub_explain_totals *sum = counts();
    if (!window || !thread || !sum)
        return 0;
    struct ub_traced_uring *known = map_find(&urings, &key);
    int count = counted(window, thread);
    if (count)
        sum->completions++;
    if (!known)
        return 0;
    u32 flags = known->flags;
    map_delete(&urings, &key);
    if (!count || flags & UB_REQ_PUNTED)
        return 0;
    if (flags & UB_REQ_IOPOLL)
        sum->poll++;
    else if (flags & UB_REQ_BLOCK)
        sum->task_work++;
    else
        sum->completed_inline++;
    return 0;
}

SEC("tp_btf/io_uring_cqe_overflow") int io_uring_cqe_overflow(u64 *ctx)
{
    struct ub_mark_head *window = head();
    struct ub_explain_thread *thread = current_thread();
    struct ub_explain_totals *sum = counts();
    if (window && thread && sum && counted(window, thread))
        sum->overflows++;
    return 0;
}

SEC("tp_btf/io_uring_cqring_wait") int io_uring_cqring_wait(u64 *ctx)
{
    struct ub_mark_head *window = head();
    struct ub_explain_thread *thread = current_thread();
    struct ub_explain_totals *sum = counts();
    if (window && thread && sum && counted(window, thread))
        sum->waits++;
    return 0;
}

#endif
