/*
 * A trial interval by interval, seen from outside: jobs only ever add to their counters, so what they did
 * between two looks is what both differ by. Nothing is written that a job reads, and nothing is asked of it;
 * lines of its counters are fetched once a look.
 *
 * A look takes some time, in which jobs go on: of one I/O the count may be in this look and the histogram's
 * in the next. Nothing is lost by that, since each counter is compared with itself. Where I/Os are few it
 * would show (a mean of one sample and two sums), so a look is taken again when it caught a job between two
 * of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "hist.h"
#include "job.h"
#include "ub_api.h"

/* So often a look is taken until all counters of an operation agree. */
#define TRIES 3

/* What had been counted of an operation at a look. */
struct counted {
    uint64_t ios;
    uint64_t bytes;
    uint64_t errors;
    struct ub_latency lat; /* min_ns: the least so far */
};

struct series {
    const struct ub_arena *arena;
    struct counted last[UB_OPS];
    uint64_t *counts[UB_OPS]; /* [UB_HIST_COUNTS] at the last look; NULL: there were none */
    uint64_t begin_ns;        /* of the first window, as the first look at it saw it: passes shift it */
    uint64_t now[UB_HIST_COUNTS];
};

/* TSan is told nothing of these reads: they race with the jobs by intent, each being of one aligned word. */
#define RACES __attribute__((no_sanitize("thread")))

RACES static uint64_t read_word(const uint64_t *at)
{
    return *(const volatile uint64_t *)at;
}

static const struct ub_result *results_of(const struct ub_arena *arena)
{
    return (const struct ub_result *)((const char *)arena + arena->results);
}

static const struct ub_job *jobs_of(const struct ub_arena *arena)
{
    return (const struct ub_job *)((const char *)arena + arena->jobs);
}

static int is_measuring(const struct ub_result *result)
{
    return __atomic_load_n(&result->measuring, __ATOMIC_ACQUIRE) != 0;
}

/* The latency that a report has as lat, and where its counts lie: of jobs with a rate the response. */
static const struct ub_latency *latency_of(const struct ub_arena *arena, uint32_t job, uint32_t op,
                                           const uint64_t **counts)
{
    const char *base = (const char *)arena;
    const struct ub_result *result = results_of(arena) + job;
    uint64_t at = (uint64_t)job * UB_HIST_OPS + op % UB_HIST_OPS;
    if (ub_is_rated(jobs_of(arena) + job)) {
        *counts = (const uint64_t *)(base + arena->responses) + at * UB_HIST_COUNTS;
        return &result->response[op];
    }
    *counts = (const uint64_t *)(base + arena->histograms) + at * UB_LATS * UB_HIST_COUNTS;
    return &result->ops[op].lat[UB_LAT_TOTAL];
}

static uint32_t bucket_of(uint64_t ns)
{
    return ub_hist_index(ns < UB_HIST_MAX ? ns : UB_HIST_MAX);
}

/* The highest value that a bucket stands for: ub_hist_index's inverse. */
static uint64_t bucket_end(uint32_t index)
{
    uint32_t shift = index < 2048 ? 0 : (index >> 10) - 1;
    return (((uint64_t)(index - (shift << 10)) + 1) << shift) - 1;
}

/* Errors of an operation; kinds beyond UB_MAX_ERRORS are in none. */
RACES static uint64_t errors_of(const struct ub_result *result, uint32_t op)
{
    uint32_t n = *(const volatile uint32_t *)&result->nerrors;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n && i < UB_MAX_ERRORS; i++)
        if (*(const volatile uint32_t *)&result->errors[i].op == op)
            sum += read_word(&result->errors[i].count);
    return sum;
}

/* Adds one job's counters of an operation, but for the histogram. */
static void add_counters(const struct ub_arena *arena, uint32_t job, uint32_t op, struct counted *sum)
{
    const struct ub_result *result = results_of(arena) + job;
    const uint64_t *counts;
    const struct ub_latency *lat = latency_of(arena, job, op, &counts);
    sum->ios += read_word(&result->ops[op].ios);
    sum->bytes += read_word(&result->ops[op].bytes);
    sum->errors += errors_of(result, op);
    uint64_t samples = read_word(&lat->count);
    if (samples == 0)
        return; /* its histogram may be that of another operation */
    uint64_t least = read_word(&lat->min_ns), most = read_word(&lat->max_ns);
    sum->lat.count += samples;
    sum->lat.sum_ns += read_word(&lat->sum_ns);
    if (least < sum->lat.min_ns)
        sum->lat.min_ns = least;
    if (most > sum->lat.max_ns)
        sum->lat.max_ns = most;
}

/* Adds one job's buckets from..to -> samples in them. */
RACES static uint64_t add_buckets(const struct ub_arena *arena, uint32_t job, uint32_t op, uint64_t *now,
                                  uint32_t from, uint32_t to)
{
    const uint64_t *counts;
    const struct ub_latency *lat = latency_of(arena, job, op, &counts);
    uint64_t sum = 0;
    if (read_word(&lat->count) == 0)
        return 0;
    for (uint32_t i = from; i <= to; i++) {
        uint64_t count = *(const volatile uint64_t *)&counts[i];
        now[i] += count;
        sum += count;
    }
    return sum;
}

/* Reads one operation of all jobs once -> whether all counters are of the same I/Os. */
static int read_once(struct series *s, uint32_t op, struct counted *sum)
{
    const struct ub_arena *arena = s->arena;
    const struct ub_result *results = results_of(arena);
    *sum = (struct counted){.lat = {.min_ns = UINT64_MAX}};
    for (uint32_t j = 0; j < arena->njobs; j++)
        if (is_measuring(results + j))
            add_counters(arena, j, op, sum);
    if (sum->lat.count == 0)
        return sum->ios == 0;
    uint32_t from = bucket_of(sum->lat.min_ns), to = bucket_of(sum->lat.max_ns);
    if (from > to)
        return 0; /* caught between the two */
    memset(s->now + from, 0, (to - from + 1) * sizeof s->now[0]);
    uint64_t samples = 0;
    for (uint32_t j = 0; j < arena->njobs; j++)
        if (is_measuring(results + j))
            samples += add_buckets(arena, j, op, s->now, from, to);
    return samples == sum->lat.count && sum->ios == sum->lat.count;
}

struct writer {
    unsigned char *to;
    uint64_t at, room;
    int full;
};

static void put(struct writer *w, uint64_t value)
{
    do {
        if (w->at == w->room) {
            w->full = 1;
            return;
        }
        w->to[w->at++] = (unsigned char)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        value >>= 7;
    } while (value);
}

/* Writes what the buckets from..to have more than at the last look, which is then this one -> samples. */
static uint64_t write_buckets(struct series *s, uint32_t op, uint32_t from, uint32_t to, struct writer *w,
                              uint32_t *highest)
{
    uint64_t samples = 0, empty = from;
    for (uint32_t i = from; i <= to; i++) {
        uint64_t more = s->now[i] - s->counts[op][i];
        if (more == 0) {
            empty++;
            continue;
        }
        if (empty)
            put(w, 2 * empty - 1);
        put(w, 2 * more);
        empty = 0;
        samples += more;
        *highest = i;
        s->counts[op][i] = s->now[i];
    }
    return samples;
}

static int take_op(struct series *s, uint32_t op, struct ub_series_op *out, struct writer *w)
{
    struct counted sum, *last = &s->last[op];
    for (int tries = 0; !read_once(s, op, &sum) && tries < TRIES; tries++)
        ;
    *out = (struct ub_series_op){.ios = sum.ios - last->ios,
                                 .bytes = sum.bytes - last->bytes,
                                 .errors = sum.errors > last->errors ? sum.errors - last->errors : 0,
                                 .sum_ns = sum.lat.sum_ns - last->lat.sum_ns,
                                 .at = w->at};
    uint32_t from = 0, to = 0, highest = 0;
    if (sum.lat.count) {
        from = bucket_of(sum.lat.min_ns);
        to = bucket_of(sum.lat.max_ns);
    }
    if (sum.lat.count && from <= to) {
        if (!s->counts[op] && !(s->counts[op] = calloc(UB_HIST_COUNTS, sizeof(uint64_t))))
            return -ENOMEM;
        out->samples = write_buckets(s, op, from, to, w, &highest);
        uint64_t end = bucket_end(highest), most = sum.lat.max_ns;
        if (out->samples)
            out->max_ns = most > last->lat.max_ns || end > most ? most : end;
    }
    out->length = w->at - out->at;
    *last = sum;
    return w->full ? -ENOSPC : 0;
}

/* When the first window began, and whether all jobs have ended, and when the last did. */
static void look_at_jobs(struct series *s, struct ub_series_look *look)
{
    const struct ub_arena *arena = s->arena;
    const struct ub_result *results = results_of(arena);
    uint64_t begin = UINT64_MAX, end = 0;
    look->ended = 1;
    for (uint32_t j = 0; j < arena->njobs; j++) {
        if (__atomic_load_n(&results[j].state, __ATOMIC_ACQUIRE) < UB_STATE_ENDED)
            look->ended = 0;
        if (!is_measuring(results + j))
            continue;
        look->measuring++;
        uint64_t began = read_word(&results[j].begin_ns), ended = read_word(&results[j].end_ns);
        begin = began < begin ? began : begin;
        end = ended > end ? ended : end;
    }
    if (!s->begin_ns && look->measuring)
        s->begin_ns = begin;
    look->begin_ns = s->begin_ns;
    if (look->ended && end)
        look->at_ns = end;
}

int ub_series_take(void *series, struct ub_series_look *look, void *to, uint64_t room)
{
    struct series *s = series;
    struct writer writer = {.to = to, .room = room};
    struct ub_clock clock = ub_arena_clock(s->arena);
    *look = (struct ub_series_look){.at_ns = ub_now(&clock)};
    look_at_jobs(s, look);
    for (uint32_t op = 0; op < UB_OPS && look->measuring; op++) {
        int ret = take_op(s, op, &look->ops[op], &writer);
        if (ret < 0)
            return ret;
    }
    return 0;
}

int ub_series_open(const void *arena, void **series)
{
    struct series *s = calloc(1, sizeof *s);
    if (!s)
        return -ENOMEM;
    s->arena = arena;
    for (uint32_t op = 0; op < UB_OPS; op++)
        s->last[op].lat.min_ns = UINT64_MAX;
    *series = s;
    return 0;
}

int ub_series_close(void *series)
{
    struct series *s = series;
    for (uint32_t op = 0; op < UB_OPS; op++)
        free(s->counts[op]);
    free(s);
    return 0;
}
