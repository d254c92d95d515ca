/* Interrupts of each CPU while the window is open. */
#ifndef UB_BPF_IRQ_H
#define UB_BPF_IRQ_H

#include "threads.h"

struct {
    MAP_NUMBER(type, MAP_PERCPU_HASH);
    MAP_NUMBER(max_entries, 512);
    MAP_TYPE(key, struct ub_irq_key);
    MAP_TYPE(value, struct ub_tally);
} irqs SEC(".maps");

INLINE int begin_irq(u32 kind)
{
    struct ub_traced_cpu *cpu = this_cpus();
    if (!cpu || kind > UB_IRQ_SOFT)
        return 0;
    cpu->begin_ns[kind] = now_ns();
    if (kind == UB_IRQ_SOFT)
        cpu->hard_before = cpu->hard_ns;
    return 0;
}

/* A soft interrupt's time is less what hard ones took of it. */
INLINE int end_irq(u32 kind, u32 vector)
{
    struct ub_mark_head *window = head();
    struct ub_traced_cpu *cpu = this_cpus();
    if (!window || !cpu || kind > UB_IRQ_SOFT || cpu->begin_ns[kind] == 0)
        return 0;
    u64 ns = now_ns() - cpu->begin_ns[kind];
    cpu->begin_ns[kind] = 0;
    if (kind == UB_IRQ_HARD)
        cpu->hard_ns += ns;
    else
        ns -= cpu->hard_ns - cpu->hard_before;
    if (ONCE(window->active) == 0)
        return 0;
    struct ub_irq_key key = {.kind = kind, .vector = vector};
    struct ub_tally *tally = map_find(&irqs, &key);
    if (tally) {
        tally->count++;
        tally->ns += ns;
        return 0;
    }
    struct ub_tally one = {.count = 1, .ns = ns};
    map_put(&irqs, &key, &one, MAP_ANY);
    return 0;
}

SEC("tp_btf/irq_handler_entry") int irq_handler_entry(u64 *ctx)
{
    return begin_irq(UB_IRQ_HARD);
}

SEC("tp_btf/irq_handler_exit") int irq_handler_exit(u64 *ctx)
{
    return end_irq(UB_IRQ_HARD, (u32)ctx[0]);
}

SEC("tp_btf/softirq_entry") int softirq_entry(u64 *ctx)
{
    return begin_irq(UB_IRQ_SOFT);
}

SEC("tp_btf/softirq_exit") int softirq_exit(u64 *ctx)
{
    return end_irq(UB_IRQ_SOFT, (u32)ctx[0]);
}

/* Timers have a vector of their own, which no handler of a device serves: only who is woken by them is of
 * interest. */
SEC("tp_btf/hrtimer_expire_entry") int hrtimer_expire_entry(u64 *ctx)
{
    struct ub_traced_cpu *cpu = this_cpus();
    if (cpu)
        cpu->timer = 1;
    return 0;
}

SEC("tp_btf/hrtimer_expire_exit") int hrtimer_expire_exit(u64 *ctx)
{
    struct ub_traced_cpu *cpu = this_cpus();
    if (cpu)
        cpu->timer = 0;
    return 0;
}

#endif
