/*
 * Where the next I/O goes. One generator a (file, block size); the sequence depends on the seed alone, so
 * every backend is given the same one.
 */
#ifndef UB_GEN_H
#define UB_GEN_H

#include "ub_abi.h"
#include "sys.h"

struct ub_gen {
    uint64_t blocks;
    uint64_t next;   /* sequential: the block; random: position in the pass */
    uint64_t mask;   /* random: 2^k - 1 >= blocks - 1 */
    uint64_t key[3]; /* random: constants of this pass's permutation */
    uint64_t rng;
    uint64_t passes; /* times that all blocks were visited */
    uint32_t shift;
    uint32_t kind;  /* UB_GEN_* */
    double a, b, c; /* of the distribution */
};

#define UB_GEN_SEQUENTIAL 0u
#define UB_GEN_PERMUTED   1u
#define UB_GEN_UNIFORM    2u
#define UB_GEN_SKEWED     3u /* zipf, pareto, normal: in gen.c */

/* SplitMix64 (Steele, Lea, Flood 2014): one addition of state and a mix. */
UB_ALWAYS_INLINE uint64_t ub_rng_next(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Uniform in [0, n) by the high half of a 128-bit product: the bias is below n / 2^64. */
UB_ALWAYS_INLINE uint64_t ub_rng_below(uint64_t *state, uint64_t n)
{
    return (uint64_t)(((unsigned __int128)ub_rng_next(state) * n) >> 64);
}

void ub_gen_init(struct ub_gen *gen, const struct ub_job *job, uint64_t blocks, uint64_t seed);
/* Takes new constants for the next pass. */
void ub_gen_new_pass(struct ub_gen *gen);
uint64_t ub_gen_skewed(struct ub_gen *gen, const struct ub_job *job);

/*
 * A bijection of [0, 2^k): additions, odd multiplications and right xor-shifts are each invertible modulo
 * 2^k. With four rounds the order can't be told from a random one by its successive differences (test_gen.c);
 * with two, these are far from uniform. Values beyond the last block are walked over, at most every second
 * one, so that a pass visits each block once with no bitmap.
 */
UB_ALWAYS_INLINE uint64_t ub_gen_permute(const struct ub_gen *gen, uint64_t x)
{
    const uint64_t m1 = UINT64_C(0xd6e8feb86659fd93), m2 = UINT64_C(0xbf58476d1ce4e5b9);
    x = (x + gen->key[0]) * m1 & gen->mask;
    x ^= x >> gen->shift;
    x = (x * m2 + gen->key[1]) & gen->mask;
    x ^= x >> gen->shift;
    x = (x * m1 + gen->key[2]) & gen->mask;
    x ^= x >> gen->shift;
    x = x * m2 & gen->mask;
    x ^= x >> gen->shift;
    return x;
}

UB_ALWAYS_INLINE uint64_t ub_gen_next(struct ub_gen *gen, const struct ub_job *job)
{
    if (UB_LIKELY(gen->kind == UB_GEN_PERMUTED)) {
        uint64_t x;
        do {
            if (UB_UNLIKELY(gen->next > gen->mask))
                ub_gen_new_pass(gen);
            x = ub_gen_permute(gen, gen->next++);
        } while (x >= gen->blocks);
        return x;
    }
    if (gen->kind == UB_GEN_SEQUENTIAL) {
        if (UB_UNLIKELY(gen->next >= gen->blocks)) {
            gen->next = 0;
            gen->passes++;
        }
        return gen->next++;
    }
    if (gen->kind == UB_GEN_UNIFORM)
        return ub_rng_below(&gen->rng, gen->blocks);
    return ub_gen_skewed(gen, job);
}

#endif
