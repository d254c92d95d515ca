/*
 * What the kernel says by itself of the features of io_uring: IORING_REGISTER_QUERY (6.18). Versions say it
 * only where nobody has brought a feature to an older kernel, or taken one out of a newer.
 */
#include <string.h>
#include "ub_api.h"
#include "uring.h"

int ub_uring_query(struct ub_query_opcodes *answer)
{
    memset(answer, 0, sizeof *answer);
    struct ub_query query = {
        .query_data = (uint64_t)(uintptr_t)answer, .query_op = UB_QUERY_OPCODES, .size = sizeof *answer};
    int ret = (int)UB_SYSCALL(SYS_io_uring_register, -1, UB_REGISTER_QUERY, &query, 0, 0, 0);
    return ret < 0 ? ret : query.result;
}

/* What there must be for a feature, besides the flags of io_uring_setup that it takes; 0: nothing. */
static const struct {
    uint64_t feature;
    uint32_t features, enter_flags, sqe_flags; /* bits */
    uint32_t request, registration;            /* opcodes */
} needs[] = {
    {UB_FEATURE_REGISTERFILES, .registration = IORING_REGISTER_FILES},
    {UB_FEATURE_FIXEDBUFS, .request = IORING_OP_WRITE_FIXED},
    {UB_FEATURE_CLONE_BUFFERS, .registration = UB_REGISTER_CLONE_BUFFERS},
    {UB_FEATURE_VECTORED, .request = IORING_OP_WRITEV},
    {UB_FEATURE_REGISTERRING, .registration = UB_REGISTER_RING_FDS, .enter_flags = UB_ENTER_REGISTERED_RING},
    {UB_FEATURE_FORCE_ASYNC, .sqe_flags = IOSQE_ASYNC},
    {UB_FEATURE_LINKED, .sqe_flags = IOSQE_IO_LINK},
    {UB_FEATURE_CQE_SKIP, .sqe_flags = UB_SQE_CQE_SKIP_SUCCESS},
    {UB_FEATURE_TIMEOUT, .request = IORING_OP_TIMEOUT},
    {UB_FEATURE_PASSTHROUGH, .request = UB_OP_URING_CMD},
    {UB_FEATURE_MIN_WAIT, .features = UB_FEAT_MIN_TIMEOUT, .enter_flags = UB_ENTER_EXT_ARG},
    {UB_FEATURE_REG_WAIT, .registration = UB_REGISTER_MEM_REGION, .enter_flags = UB_ENTER_EXT_ARG_REG},
    {UB_FEATURE_NO_IOWAIT, .features = UB_FEAT_NO_IOWAIT, .enter_flags = UB_ENTER_NO_IOWAIT},
};

static int has_all(uint64_t there, uint64_t wanted)
{
    return (there & wanted) == wanted;
}

int ub_uring_tells(uint64_t told[2])
{
    struct ub_query_opcodes known;
    told[0] = told[1] = 0;
    int ret = ub_uring_query(&known);
    if (ret < 0)
        return ret;
    for (const struct ub_feature *f = ub_backend_ops(UB_BACKEND_IO_URING)->features; f->bit; f++) {
        uint32_t flags = ub_uring_setup_flags(f->bit);
        if (flags)
            told[0] |= f->bit;
        if (!has_all(known.setup_flags, flags))
            told[1] |= f->bit;
    }
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
        told[0] |= needs[i].feature;
        if (!has_all(known.features, needs[i].features) ||
            !has_all(known.enter_flags, needs[i].enter_flags) ||
            !has_all(known.sqe_flags, needs[i].sqe_flags) || needs[i].request >= known.request_opcodes ||
            needs[i].registration >= known.register_opcodes)
            told[1] |= needs[i].feature;
    }
    return 0;
}
