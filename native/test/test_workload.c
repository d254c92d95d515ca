/* The order of I/Os over files and operations, which must not depend on the backend. */
#include <stdlib.h>
#include <string.h>
#include "fixture.h"

#define READ   (1u << UB_OP_READ)
#define WRITE  (1u << UB_OP_WRITE)
#define BLOCKS 64 /* of a file */

static struct target files[3];

static struct spec spec_of(struct ub_job job, uint32_t nfiles)
{
    return (struct spec){.job = job, .njobs = 1, .nfiles = nfiles, .targets = files};
}

/*
 * Runs a write job of sync; where[i] becomes the file of its i-th I/O and place[i] its block, by the stamps
 * on the files. The job writes no block twice.
 */
static void trace(struct ub_job job, uint32_t nfiles, uint32_t *where, uint64_t *place)
{
    struct run run;
    for (uint32_t f = 0; f < nfiles; f++)
        test_fill_file(files[f].path, BLOCKS * 4096, 0xff);
    const struct spec spec = spec_of(job, nfiles);
    run_threads(&run, &spec);
    check_jobs(&run);
    run_close(&run);
    uint64_t found = 0;
    for (uint32_t f = 0; f < nfiles; f++) {
        uint64_t size;
        unsigned char *content = test_read_file(files[f].path, &size);
        for (uint64_t b = 0; b < BLOCKS; b++) {
            uint64_t words[2];
            memcpy(words, content + b * 4096, sizeof words);
            if (words[0] == UINT64_MAX)
                continue;
            CHECK_EQ(words[0], b * 4096);
            CHECK(words[1] >= 1 && words[1] <= job.max_ios);
            where[words[1] - 1] = f;
            place[words[1] - 1] = b;
            found++;
        }
        free(content);
    }
    CHECK_EQ(found, job.max_ios);
}

static struct ub_job write_job(uint32_t dist, uint32_t service, uint32_t batch, uint64_t ios)
{
    const struct variant sync = variant_of(UB_BACKEND_SYNC);
    struct ub_job job = fixture_job(&sync, WRITE);
    job.dist = dist;
    job.service = service;
    job.service_batch = batch;
    job.max_ios = ios;
    return job;
}

static void test_roundrobin(uint32_t dist, uint32_t batch)
{
    enum { IOS = 3 * BLOCKS };
    uint32_t where[IOS];
    uint64_t place[IOS];
    test_context("roundrobin:%u, distribution %u", batch, dist);
    trace(write_job(dist, UB_SERVICE_ROUNDROBIN, batch, IOS), 3, where, place);
    for (uint32_t i = 0; i < IOS; i++) {
        CHECK_EQ(where[i], i / batch % 3);
        if (dist == UB_DIST_SEQUENTIAL)
            CHECK_EQ(place[i], i / batch / 3 * batch + i % batch);
    }
}

/* One file after the other, each until all of its blocks were visited. */
static void test_sequential_service(uint32_t dist)
{
    enum { IOS = 3 * BLOCKS };
    uint32_t where[IOS];
    uint64_t place[IOS];
    test_context("sequential service, distribution %u", dist);
    trace(write_job(dist, UB_SERVICE_SEQUENTIAL, 1, IOS), 3, where, place);
    for (uint32_t i = 0; i < IOS; i++)
        CHECK_EQ(where[i], i / BLOCKS);
}

static void test_random_service(void)
{
    enum { IOS = BLOCKS };
    uint32_t where[IOS], counts[3] = {0}, runs = 1;
    uint64_t place[IOS];
    test_context("random:4");
    trace(write_job(UB_DIST_RANDOM, UB_SERVICE_RANDOM, 4, IOS), 3, where, place);
    for (uint32_t i = 0; i < IOS; i++) {
        counts[where[i]]++;
        CHECK(i % 4 == 0 || where[i] == where[i - 1]);
        runs += i > 0 && where[i] != where[i - 1];
    }
    for (uint32_t f = 0; f < 3; f++)
        CHECK(counts[f] > 0);
    CHECK_BETWEEN(4, runs, IOS / 4);
}

static void test_random_order(void)
{
    uint32_t where[BLOCKS];
    uint64_t place[BLOCKS];
    uint64_t in_order = 0;
    test_context("random order");
    trace(write_job(UB_DIST_RANDOM, UB_SERVICE_ROUNDROBIN, 1, BLOCKS), 1, where, place);
    for (uint32_t i = 1; i < BLOCKS; i++)
        in_order += place[i] == place[i - 1] + 1;
    CHECK_BETWEEN(0, in_order, BLOCKS / 4);
}

/* Only the region of the file that was given is touched. */
static void test_region(void)
{
    const struct variant sync = variant_of(UB_BACKEND_SYNC);
    const struct target part = {.path = files[0].path, .offset = 16 * 4096, .size = 8 * 4096 + 100};
    struct ub_job job = fixture_job(&sync, WRITE);
    struct run run;
    uint64_t size;
    test_context("region of a file");
    test_fill_file(files[0].path, BLOCKS * 4096, 0xff);
    job.max_ios = 40; /* five passes */
    const struct spec spec = {.job = job, .njobs = 1, .nfiles = 1, .targets = &part};
    run_threads(&run, &spec);
    check_jobs(&run);
    run_close(&run);
    unsigned char *content = test_read_file(files[0].path, &size);
    CHECK_EQ(size, BLOCKS * 4096);
    for (uint64_t b = 0; b < BLOCKS; b++) {
        uint64_t word;
        memcpy(&word, content + b * 4096, sizeof word);
        CHECK_EQ(word, b >= 16 && b < 24 ? b * 4096 : UINT64_MAX);
    }
    free(content);
}

/* rwmixread holds within what chance allows. */
static void test_mix(uint32_t read_pct)
{
    enum { IOS = 4000 };
    const struct variant null = variant_of(UB_BACKEND_NULL);
    struct ub_job job = fixture_job(&null, READ | WRITE);
    struct run run;
    test_context("rwmixread %u", read_pct);
    job.read_pct = read_pct;
    job.bs[UB_OP_WRITE] = 8192;
    job.max_ios = IOS;
    const struct spec spec = spec_of(job, 2);
    run_threads(&run, &spec);
    check_jobs(&run);
    double share = 100.0 * (double)run_sum_ios(&run, UB_OP_READ) / IOS;
    if (read_pct == 0 || read_pct == 100)
        CHECK_BETWEEN(read_pct, share, read_pct);
    CHECK_BETWEEN((double)read_pct - 4, share, (double)read_pct + 4);
    run_close(&run);
}

static uint64_t hash_of(struct ub_job job, uint32_t nfiles)
{
    struct run run;
    const struct spec spec = spec_of(job, nfiles);
    run_threads(&run, &spec);
    check_jobs(&run);
    uint64_t hash = run.results[0].offsets_hash;
    CHECK_EQ(run.results[0].hashed_ios, job.max_ios);
    run_close(&run);
    return hash;
}

/* The same seed gives the same I/Os with every backend, whatever else is drawn from chance. */
static void test_same_order(const struct variant *variant)
{
    static const struct {
        const char *name;
        uint32_t op_mask, dist, service, flags;
        double param;
    } orders[] = {
        {"read", READ, UB_DIST_SEQUENTIAL, UB_SERVICE_ROUNDROBIN, 0, 0},
        {"norandommap", READ, UB_DIST_RANDOM, UB_SERVICE_ROUNDROBIN, UB_FLAG_NORANDOMMAP, 0},
        {"zipf", READ, UB_DIST_ZIPF, UB_SERVICE_ROUNDROBIN, 0, 1.2},
        {"pareto", READ, UB_DIST_PARETO, UB_SERVICE_ROUNDROBIN, 0, 0.2},
        {"normal", READ, UB_DIST_NORMAL, UB_SERVICE_ROUNDROBIN, 0, 10},
        {"random service", READ, UB_DIST_RANDOM, UB_SERVICE_RANDOM, 0, 0},
        {"randwrite", WRITE, UB_DIST_RANDOM, UB_SERVICE_ROUNDROBIN, UB_FLAG_REFILL, 0},
        {"randrw", READ | WRITE, UB_DIST_RANDOM, UB_SERVICE_ROUNDROBIN, 0, 0},
        {"rw", READ | WRITE, UB_DIST_SEQUENTIAL, UB_SERVICE_RANDOM, UB_FLAG_REFILL, 0},
    };
    static uint64_t known[sizeof orders / sizeof orders[0]];
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct ub_job job = fixture_job(variant, orders[i].op_mask);
        test_context("order of %s with %s", orders[i].name, variant->name);
        job.dist = orders[i].dist;
        job.dist_param = orders[i].param;
        job.service = orders[i].service;
        job.flags |= orders[i].flags;
        job.max_ios = 300;
        uint64_t hash = hash_of(job, 3);
        if (known[i] == 0)
            known[i] = hash;
        CHECK_EQ(hash, known[i]);
        for (size_t k = 0; k < i; k++)
            CHECK(known[k] != known[i]);
        job.seed++;
        if (orders[i].dist != UB_DIST_SEQUENTIAL)
            CHECK(hash_of(job, 3) != hash);
    }
}

int main(void)
{
    for (uint32_t i = 0; i < 3; i++) {
        files[i] = (struct target){.path = test_path("file-%u", i), .size = BLOCKS * 4096};
        test_stamp_file(files[i].path, files[i].size, 1);
    }
    test_roundrobin(UB_DIST_SEQUENTIAL, 1);
    test_roundrobin(UB_DIST_SEQUENTIAL, 4);
    test_roundrobin(UB_DIST_RANDOM, 2);
    test_sequential_service(UB_DIST_SEQUENTIAL);
    test_sequential_service(UB_DIST_RANDOM);
    test_random_service();
    test_random_order();
    test_region();
    test_mix(0), test_mix(30), test_mix(100);
    each_variant(test_same_order);
    return 0;
}
