/* Requests of the block layer that traced threads began, from their start to their end. */
#ifndef UB_BPF_BLOCK_H
#define UB_BPF_BLOCK_H

#include "threads.h"
#include "uring.h"

struct {
    MAP_NUMBER(type, MAP_HASH);
    MAP_NUMBER(max_entries, UB_EXPLAIN_REQUESTS);
    MAP_TYPE(key, u64);
    MAP_TYPE(value, struct ub_traced_request);
} requests SEC(".maps");

/* A request begins: it is traced when the thread is. */
INLINE void begin_request(u64 request, u64 now)
{
    struct ub_mark_head *window = head();
    struct ub_explain_thread *thread = current_thread();
    struct ub_explain_totals *sum = counts();
    if (!window || !thread || !sum)
        return;
    struct ub_traced_request one = {.tid = thread->tid, .start_ns = now},
                             *known = map_find(&requests, &request);
    if (known && known->issue_ns == 0)
        return; /* told twice, as switches are now and then */
    if (known)
        sum->lost++;
    if (map_put(&requests, &request, &one, MAP_ANY) < 0)
        sum->lost++;
    thread->flags |= UB_THREAD_DID_IO;
    uring_reached_block(window, thread, sum, now);
    if (!counted(window, thread))
        return;
    sum->started++;
    if (thread->syscall_ns) {
        sum->call_to_block_ns += now - thread->syscall_ns;
        sum->call_to_block++;
    }
}

SEC("tp_btf/block_io_start") int block_io_start(u64 *ctx)
{
    begin_request(ctx[0], now_ns());
    return 0;
}

/* Before Linux 6.5 nothing says that a request begins: what inserts or issues it first does. */
INLINE struct ub_traced_request *request_at(u64 request, u64 now, int begins)
{
    struct ub_traced_request *known = map_find(&requests, &request);
    if (known || !begins)
        return known;
    begin_request(request, now);
    return map_find(&requests, &request);
}

INLINE int insert_request(u64 request, int begins)
{
    u64 now = now_ns();
    struct ub_mark_head *window = head();
    struct ub_explain_totals *sum = counts();
    struct ub_traced_request *known = request_at(request, now, begins);
    if (!window || !sum || !known)
        return 0;
    sum->inserted += known->insert_ns == 0 && ONCE(window->active) != 0;
    if (known->insert_ns == 0)
        known->insert_ns = now;
    return 0;
}

INLINE int issue_request(u64 request, int begins)
{
    u64 now = now_ns();
    struct ub_mark_head *window = head();
    struct ub_explain_totals *sum = counts();
    struct ub_traced_request *known = request_at(request, now, begins);
    if (!window || !sum || !known)
        return 0;
    sum->issued += known->issue_ns == 0 && ONCE(window->active) != 0;
    known->issue_ns = now;
    known->issue_w = window_at(window, now);
    return 0;
}

SEC("tp_btf/block_rq_insert") int block_rq_insert(u64 *ctx)
{
    return insert_request(ctx[0], 0);
}

SEC("tp_btf/block_rq_insert") int block_rq_insert_begins(u64 *ctx)
{
    return insert_request(ctx[0], 1);
}

SEC("tp_btf/block_rq_issue") int block_rq_issue(u64 *ctx)
{
    return issue_request(ctx[0], 0);
}

SEC("tp_btf/block_rq_issue") int block_rq_issue_begins(u64 *ctx)
{
    return issue_request(ctx[0], 1);
}

/* It has become a part of another one. */
SEC("tp_btf/block_rq_merge") int block_rq_merge(u64 *ctx)
{
    u64 request = ctx[0];
    map_delete(&requests, &request);
    return 0;
}

/* How long a request that has ended was where; one that was never issued was ended by the block layer itself.
 */
INLINE void add_times(struct ub_explain_totals *sum, const struct ub_traced_request *request, u64 now, u64 w)
{
    u64 queued = request->insert_ns ? request->insert_ns : request->issue_ns;
    if (request->issue_ns == 0)
        return;
    u64 device = now - request->issue_ns;
    sum->before_ns += queued - request->start_ns;
    sum->device_ns += device;
    sum->device_hist[bucket_of(device)]++;
    if (request->insert_ns == 0)
        return;
    u64 queue = request->issue_ns - request->insert_ns;
    sum->queue_ns += queue;
    sum->queue_hist[bucket_of(queue)]++;
}

/* What has ended is there for its thread; io_uring's own threads hand it on and wait for none. */
INLINE void arrives(const struct ub_traced_request *request, u64 w)
{
    u32 tid = request->tid;
    struct ub_explain_thread *thread = map_find(&threads, &tid);
    if (!thread || thread->flags & UB_THREAD_IO_WORKER)
        return;
    if (thread->state != UB_TASK_SLEEPING && thread->state != UB_TASK_READY)
        return;
    __sync_fetch_and_add(&thread->arrived, 1);
    __sync_fetch_and_add(&thread->arrived_w, w);
}

SEC("tp_btf/block_rq_complete") int block_rq_complete(u64 *ctx)
{
    struct request *request = (void *)ctx[0];
    u64 key = ctx[0];
    u32 done = (u32)ctx[2];
    struct ub_mark_head *window = head();
    struct ub_explain_totals *sum = counts();
    struct ub_traced_request *known = map_find(&requests, &key);
    if (!window || !sum)
        return 0;
    int active = ONCE(window->active) != 0;
    if (!known) {
        sum->others += (u64)active;
        return 0;
    }
    if (active)
        sum->bytes += done;
    if (done < request->__data_len)
        return 0; /* a part of it */
    u64 now = now_ns(), w = window_at(window, now);
    if (active) {
        sum->completed++;
        sum->errors += (u32)ctx[1] != 0;
        add_times(sum, known, now, w);
        arrives(known, w);
    }
    if (known->issue_ns)
        sum->depth_ns += w - known->issue_w;
    map_delete(&requests, &key);
    return 0;
}

#endif
