/* The page cache, as traced threads use it: pages that reads look for, those that were not there, and those
 * that were added or made dirty. */
#ifndef UB_BPF_CACHE_H
#define UB_BPF_CACHE_H

#include "threads.h"

INLINE int is_large(const struct folio *folio)
{
    const struct folio___memdesc *now = (const void *)folio;
    const struct folio___word *before = (const void *)folio;
    u64 flags = 0;
    if (!ENUM_EXISTS(enum pageflags___head, PG_head___head))
        return 0;
    if (EXISTS(now->flags.f))
        flags = now->flags.f;
    else if (EXISTS(before->flags))
        flags = before->flags;
    return (flags >> ENUM_VALUE(enum pageflags___head, PG_head___head)) & 1;
}

/* How many of a large one stands in it, where the kernel keeps that. */
INLINE u64 pages_of(const struct folio *folio)
{
    const struct folio___pages *now = (const void *)folio;
    const struct folio___folio_pages *before = (const void *)folio;
    if (!is_large(folio))
        return 1;
    if (EXISTS(now->_nr_pages))
        return now->_nr_pages;
    if (EXISTS(before->_folio_nr_pages))
        return before->_folio_nr_pages;
    return 1;
}

/* Appends to a run that it continues, or takes the place of the oldest. */
INLINE void remember(struct ub_explain_thread *thread, u64 mapping, u64 index, u64 pages)
{
    UNROLLED for (u32 i = 0; i < UB_CACHE_RUNS; i++)
    {
        struct ub_cache_run *run = &thread->runs[i];
        if (run->mapping == mapping && run->end == index) {
            run->end = index + pages;
            return;
        }
    }
    struct ub_cache_run *run = &thread->runs[thread->run++ % UB_CACHE_RUNS];
    run->mapping = mapping;
    run->first = index;
    run->end = index + pages;
}

SEC("tp_btf/mm_filemap_add_to_page_cache") int cache_add(u64 *ctx)
{
    const struct folio *folio = (void *)ctx[0];
    struct ub_mark_head *window = head();
    struct ub_explain_thread *thread = current_thread();
    struct ub_explain_totals *sum = counts();
    if (!window || !thread || !sum || !counted(window, thread))
        return 0;
    u64 pages = pages_of(folio);
    sum->added += pages;
    remember(thread, (u64)folio->mapping, folio->index, pages);
    return 0;
}

/* How many of the pages first..last the thread had to add since its last lookup; it forgets what it added. */
INLINE u64 missed(struct ub_explain_thread *thread, u64 mapping, u64 first, u64 last)
{
    u64 pages = 0;
    UNROLLED for (u32 i = 0; i < UB_CACHE_RUNS; i++)
    {
        struct ub_cache_run *run = &thread->runs[i];
        u64 from = run->first > first ? run->first : first;
        u64 to = run->end < last + 1 ? run->end : last + 1;
        if (run->mapping == mapping && from < to)
            pages += to - from;
        run->mapping = 0;
    }
    return pages;
}

/* At the end of a lookup, when the pages are there. A long read looks several times, from where it has come
 * to on. */
SEC("tp_btf/mm_filemap_get_pages") int cache_lookup(u64 *ctx)
{
    u64 mapping = ctx[0], first = ctx[1], last = ctx[2];
    struct ub_mark_head *window = head();
    struct ub_explain_thread *thread = current_thread();
    struct ub_explain_totals *sum = counts();
    if (!window || !thread || !sum || !counted(window, thread))
        return 0;
    int again =
        thread->lookup_mapping == mapping && thread->lookup_last == last && first > thread->lookup_first;
    if (!again)
        sum->lookups += last + 1 - first;
    thread->lookup_mapping = mapping;
    thread->lookup_first = first;
    thread->lookup_last = last;
    sum->misses += missed(thread, mapping, first, last);
    return 0;
}

SEC("tp_btf/writeback_dirty_folio") int cache_dirty(u64 *ctx)
{
    struct ub_mark_head *window = head();
    struct ub_explain_thread *thread = current_thread();
    struct ub_explain_totals *sum = counts();
    if (window && thread && sum && counted(window, thread))
        sum->dirtied += pages_of((void *)ctx[0]);
    return 0;
}

SEC("tp_btf/ext4_allocate_blocks") int ext4_allocate_blocks(u64 *ctx)
{
    struct ub_mark_head *window = head();
    struct ub_explain_thread *thread = current_thread();
    struct ub_explain_totals *sum = counts();
    if (window && thread && sum && counted(window, thread))
        sum->allocations++;
    return 0;
}

#endif
