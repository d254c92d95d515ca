/* What follows what in a chain, and a chain by plain calls. */
#include "chain.h"
#include "call.h"

const struct ub_chain *ub_chain_of(uint32_t pair)
{
    static const struct ub_chain chains[] = {
        [UB_PAIR_WRITE_FDATASYNC] = {2, {{.op = UB_OP_WRITE}, {.op = UB_OP_SYNC}}},
        [UB_PAIR_READ_WRITE] = {2, {{.op = UB_OP_READ}, {.op = UB_OP_WRITE}}},
        [UB_PAIR_DOUBLE_WRITE] =
            {4,
             {{.op = UB_OP_WRITE, .aside = 1}, {.op = UB_OP_SYNC}, {.op = UB_OP_WRITE}, {.op = UB_OP_SYNC}}},
    };
    _Static_assert(sizeof chains / sizeof *chains == UB_PAIRS, "each pair has its steps");
    return pair == UB_PAIR_NONE ? NULL : &chains[pair];
}

int32_t ub_chain_perform(const struct ub_chain_call *call, uint32_t *step, uint64_t *calls)
{
    for (; *step < call->chain->n; ++*step) {
        const struct ub_step *s = &call->chain->steps[*step];
        struct ub_data_io io = {.file = call->io.file, .offset = call->io.offset, .datasync = 1};
        if (s->aside)
            io.offset = call->aside;
        uint64_t *made = &calls[ub_call_name(s->op, 1, call->vectored)];
        __atomic_store_n(made, *made + 1, __ATOMIC_RELAXED);
        int32_t res = ub_call(call->fd, s->op, &io, call->buffer, call->len, call->vectored, call->rw_flags);
        if (res != ub_step_result(s, call->len))
            return res;
    }
    return (int32_t)call->len;
}
