#include <assert.h>
#include <math.h>
#include "gen.h"

static double unit(struct ub_gen *gen)
{
    return (double)(ub_rng_next(&gen->rng) >> 11) * 0x1.0p-53; /* [0, 1) */
}

/*
 * Zipf by rejection-inversion (Hoermann and Derflinger 1996, ACM TOMACS 6(3)): exact for any number of blocks
 * with no table. H is the integral of the density 1/x^theta.
 */
static double zipf_h(double theta, double x)
{
    double log_x = log(x), e = (1.0 - theta) * log_x;
    return fabs(e) < 1e-8 ? log_x * (1.0 + e / 2.0) : expm1(e) / (1.0 - theta);
}

static double zipf_h_inverse(double theta, double y)
{
    double t = y * (1.0 - theta);
    if (t < -1.0)
        t = -1.0;
    return fabs(t) < 1e-8 ? exp(y * (1.0 - t / 2.0)) : exp(log1p(t) / (1.0 - theta));
}

static uint64_t zipf_rank(struct ub_gen *gen, double theta)
{
    for (;;) {
        double u = gen->b + unit(gen) * (gen->a - gen->b);
        double x = zipf_h_inverse(theta, u);
        double k = floor(x + 0.5);
        if (k < 1.0)
            k = 1.0;
        else if (k > (double)gen->blocks)
            k = (double)gen->blocks;
        if (k - x <= gen->c || u >= zipf_h(theta, k + 0.5) - exp(-theta * log(k)))
            return (uint64_t)k - 1;
    }
}

/* fio's pareto:h: a share h of the blocks takes a share 1-h of the I/Os, at every scale: rank = n u^(log h /
 * log(1-h)). */
static uint64_t pareto_rank(struct ub_gen *gen)
{
    return (uint64_t)((double)gen->blocks * pow(unit(gen), gen->a));
}

/* A normal distribution around the middle of the file (Box and Muller); what falls outside is drawn again. */
static uint64_t normal_block(struct ub_gen *gen)
{
    for (;;) {
        double radius = sqrt(-2.0 * log(1.0 - unit(gen)));
        double x = gen->a + gen->b * radius * cos(6.283185307179586 * unit(gen));
        if (x >= 0.0 && x < (double)gen->blocks)
            return (uint64_t)x;
    }
}

/* Ranks are scattered over the file by the same bijection that random order uses, so that hot blocks are not
 * neighbours. */
static uint64_t scatter(const struct ub_gen *gen, uint64_t rank)
{
    do
        rank = ub_gen_permute(gen, rank);
    while (rank >= gen->blocks); /* cycle walking: the cycle of rank contains rank, so this ends */
    return rank;
}

uint64_t ub_gen_skewed(struct ub_gen *gen, const struct ub_job *job)
{
    if (job->dist == UB_DIST_NORMAL)
        return normal_block(gen);
    uint64_t rank = job->dist == UB_DIST_ZIPF ? zipf_rank(gen, job->dist_param) : pareto_rank(gen);
    return scatter(gen, rank < gen->blocks ? rank : gen->blocks - 1);
}

void ub_gen_new_pass(struct ub_gen *gen)
{
    gen->next = 0;
    gen->passes++;
    for (int i = 0; i < 3; i++)
        gen->key[i] = ub_rng_next(&gen->rng);
}

void ub_gen_init(struct ub_gen *gen, const struct ub_job *job, uint64_t blocks, uint64_t seed)
{
    assert(blocks > 0);
    *gen = (struct ub_gen){.blocks = blocks, .rng = seed};
    uint32_t bits = blocks > 1 ? 64u - (uint32_t)__builtin_clzll(blocks - 1) : 1u;
    gen->mask = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
    assert(gen->mask >= blocks - 1); /* else cycle walking would miss blocks */
    gen->shift = bits > 1 ? (bits + 1) / 2 : 1;
    ub_gen_new_pass(gen);
    gen->passes = 0;
    double n = (double)blocks, p = job->dist_param;
    switch (job->dist) {
    case UB_DIST_SEQUENTIAL:
        gen->kind = UB_GEN_SEQUENTIAL;
        break;
    case UB_DIST_RANDOM:
        gen->kind = job->flags & UB_FLAG_NORANDOMMAP ? UB_GEN_UNIFORM : UB_GEN_PERMUTED;
        break;
    case UB_DIST_ZIPF:
        gen->kind = UB_GEN_SKEWED;
        gen->a = zipf_h(p, n + 0.5);
        gen->b = zipf_h(p, 1.5) - 1.0;
        gen->c = 2.0 - zipf_h_inverse(p, zipf_h(p, 2.5) - pow(2.0, -p));
        break;
    case UB_DIST_PARETO:
        gen->kind = UB_GEN_SKEWED;
        gen->a = log(p) / log(1.0 - p);
        break;
    default:
        gen->kind = UB_GEN_SKEWED;
        gen->a = n / 2.0;
        gen->b = n * p / 100.0;
        break;
    }
}
