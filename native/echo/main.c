/*
 * uring-bench-echo: one trial of `uring-bench echo`, or a server for another machine. Started by uring-bench
 * only, with key=value words; it prints one JSON object a line. Client and server are processes of their own
 * that end with the process that started this one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netdb.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "echo.h"

/* So long a server may take to end once its client has gone. */
#define END_MS 2000

static volatile sig_atomic_t stop;

static void on_term(int signal)
{
    (void)signal;
    stop = 1;
}

/* A word's value; NULL: it was not given. */
static const char *word(char **words, const char *key)
{
    size_t n = strlen(key);
    for (; *words; words++)
        if (strncmp(*words, key, n) == 0 && (*words)[n] == '=')
            return *words + n + 1;
    return NULL;
}

static uint64_t number(char **words, const char *key)
{
    const char *text = word(words, key);
    return text ? strtoull(text, NULL, 10) : 0;
}

/* CPUs as numbers with commas between them. */
static void cpus(char **words, const char *key, uint64_t bits[UB_MAX_CPUS / 64])
{
    const char *text = word(words, key);
    while (text && *text) {
        char *end = NULL;
        unsigned long cpu = strtoul(text, &end, 10);
        if (end == text)
            return;
        if (cpu < UB_MAX_CPUS)
            bits[cpu / 64] |= 1ull << cpu % 64;
        text = *end == ',' ? end + 1 : end;
    }
}

/* Names that are one of several words: their numbers, or with bits the bits of all in a list. */
static uint32_t named(char **words, const char *key, const char *const *names, int bits)
{
    const char *text = word(words, key);
    uint32_t found = 0;
    while (text && *text) {
        size_t n = strcspn(text, ",");
        for (uint32_t i = 0; names[i]; i++)
            if (strlen(names[i]) == n && strncmp(names[i], text, n) == 0)
                found = bits ? found | 1u << i : i;
        text += n + (text[n] == ',');
    }
    return found;
}

static int pin(const uint64_t bits[UB_MAX_CPUS / 64])
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (uint32_t cpu = 0; cpu < UB_MAX_CPUS && cpu < CPU_SETSIZE; cpu++)
        if (bits[cpu / 64] & 1ull << cpu % 64)
            CPU_SET(cpu, &set);
    return CPU_COUNT(&set) > 0 && sched_setaffinity(0, sizeof set, &set) < 0 ? -errno : 0;
}

static int failed(int error, const char *stage)
{
    printf("{\"error\":%d,\"stage\":\"%s\"}\n", -error, stage);
    return fflush(stdout) == 0 ? 0 : 1;
}

/* A socket to or at HOST:PORT, the first of its addresses that works -> fd or -errno. */
static int at_address(const char *host, const char *port, int passive)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = passive ? AI_PASSIVE : 0}, *found = NULL;
    int ret = -EADDRNOTAVAIL;
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return ret;
    for (const struct addrinfo *a = found; a && ret < 0; a = a->ai_next) {
        const int on = 1;
        int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        if (fd < 0) {
            ret = -errno;
            continue;
        }
        if (passive)
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        int done = passive ? bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, 16) == 0
                           : connect(fd, a->ai_addr, a->ai_addrlen) == 0;
        ret = done ? fd : -errno;
        if (!done)
            close(fd);
    }
    freeaddrinfo(found);
    return ret;
}

/* A process that serves one client, then ends -> its pid or -errno. */
static pid_t start_server(int control, int others)
{
    pid_t parent = getpid(), pid = fork();
    if (pid != 0)
        return pid < 0 ? -errno : pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    signal(SIGTERM, SIG_IGN); /* it ends with its client */
    prctl(PR_SET_NAME, "echo-server");
    close(others);
    ub_echo_serve(control);
    _exit(0);
}

static void await(pid_t server)
{
    const struct timespec ms = {.tv_nsec = 1000000};
    for (int i = 0; i < END_MS; i++) {
        if (waitpid(server, NULL, WNOHANG) != 0)
            return;
        nanosleep(&ms, NULL);
    }
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
}

static void print_used(const struct ub_echo_used *used)
{
    printf("\"server\":{\"ns\":%llu,\"bytes\":%llu,\"syscalls\":%llu,\"usr_us\":%llu,\"sys_us\":%llu,"
           "\"voluntary\":%llu,"
           "\"involuntary\":%llu,\"resets\":%llu,\"rearmed\":%llu,\"sends_zc\":%llu,\"zc_copied\":%llu},",
           (unsigned long long)used->ns, (unsigned long long)used->bytes, (unsigned long long)used->syscalls,
           (unsigned long long)used->usr_us, (unsigned long long)used->sys_us,
           (unsigned long long)used->voluntary, (unsigned long long)used->involuntary,
           (unsigned long long)used->resets, (unsigned long long)used->rearmed,
           (unsigned long long)used->sends_zc, (unsigned long long)used->zc_copied);
}

static int print(const struct ub_echo_result *result)
{
    const struct ub_latency *lat = &result->latency;
    printf("{\"error\":0,\"stage\":\"\",\"ns\":%llu,\"answered\":%llu,\"unanswered\":%llu,\"client_us\":%llu,"
           "\"interrupted\":%s,",
           (unsigned long long)result->ns, (unsigned long long)result->answered,
           (unsigned long long)result->unanswered, (unsigned long long)result->cpu_us,
           result->interrupted ? "true" : "false");
    print_used(&result->used);
    printf("\"latency\":{\"N\":%llu,\"min\":%llu,\"max\":%llu,\"sum\":%llu,\"over\":%llu,\"counts\":[",
           (unsigned long long)lat->count, (unsigned long long)(lat->count ? lat->min_ns : 0),
           (unsigned long long)lat->max_ns, (unsigned long long)lat->sum_ns, (unsigned long long)lat->over);
    const char *comma = "";
    for (uint32_t i = 0; i < UB_HIST_COUNTS; i++) {
        if (result->counts[i] == 0)
            continue;
        printf("%s[%u,%llu]", comma, i, (unsigned long long)result->counts[i]);
        comma = ",";
    }
    printf("]}}\n");
    return fflush(stdout) == 0 ? 0 : 1;
}

static void read_run(char **words, struct ub_echo_run *run)
{
    static const char *const transports[] = {"tcp", "unix", NULL};
    static const char *const backends[] = {"sync", "epoll", "io_uring", NULL};
    static const char *const features[] = {"edge",          "multishot", "bundles", "zerocopy",
                                           "defer_taskrun", "sqpoll",    NULL}; /* by UB_ECHO_* */
    *run = (struct ub_echo_run){
        .spec = {.magic = UB_ECHO_MAGIC,
                 .version = UB_ECHO_VERSION,
                 .transport = named(words, "transport", transports, 0),
                 .backend = named(words, "backend", backends, 0),
                 .features = named(words, "features", features, 1),
                 .connections = (uint32_t)number(words, "connections"),
                 .bs = (uint32_t)number(words, "bs"),
                 .pipeline = (uint32_t)number(words, "pipeline")},
        .ramp_ns = number(words, "ramp_ns"),
        .window_ns = number(words, "window_ns"),
        .rate = number(words, "rate"),
        .verify = (uint32_t)number(words, "verify"),
        .stop = &stop,
    };
    cpus(words, "server_cpus", run->spec.cpus);
}

static int run_trial(char **words)
{
    static struct ub_echo_result result;
    struct ub_echo_run run;
    const char *host = word(words, "host"), *port = word(words, "port");
    uint64_t own[UB_MAX_CPUS / 64] = {0};
    char stage[UB_STAGE_BYTES] = "";
    int pair[2] = {-1, -1}, ret = 0;
    pid_t server = 0;
    read_run(words, &run);
    if (host && port) {
        run.control = at_address(host, port, 0);
        if (run.control < 0)
            return failed(run.control, "connect");
        ub_echo_no_delay(run.control);
    } else {
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
            return failed(-errno, "socketpair");
        if ((server = start_server(pair[1], pair[0])) < 0)
            return failed((int)server, "fork");
        close(pair[1]);
        run.control = pair[0];
    }
    prctl(PR_SET_NAME, "echo-client");
    cpus(words, "client_cpus", own);
    if ((ret = pin(own)) < 0)
        return failed(ret, "CPUs of the client");
    ret = ub_echo_client(&run, &result, stage);
    close(run.control);
    if (server > 0)
        await(server);
    if (ret == UB_ECHO_REFUSED) {
        printf("{\"refused\":%d,\"stage\":\"%s\"}\n", -result.used.error, stage);
        return fflush(stdout) == 0 ? 0 : 1;
    }
    return ret < 0 ? failed(ret, stage) : print(&result);
}

/* One client after the other: two at a time would measure each other. */
static int serve_all(char **words)
{
    uint64_t own[UB_MAX_CPUS / 64] = {0};
    int ret = 0, listener = at_address(word(words, "host"), word(words, "port"), 1);
    if (listener < 0)
        return failed(listener, "listen");
    cpus(words, "server_cpus", own);
    if ((ret = pin(own)) < 0)
        return failed(ret, "CPUs of the server");
    printf("{\"listening\":true}\n");
    if (fflush(stdout) != 0)
        return 1;
    while (!stop) {
        int control = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (control < 0)
            continue;
        ub_echo_no_delay(control);
        pid_t server = start_server(control, listener);
        close(control);
        while (server > 0 && waitpid(server, NULL, 0) < 0 && errno == EINTR && !stop)
            ;
        if (server > 0 && stop)
            kill(server, SIGKILL);
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const int terminals[] = {SIGHUP, SIGINT, SIGQUIT};
    const struct sigaction term = {.sa_handler = on_term}; /* no SA_RESTART: what waits looks at stop */
    if (argc < 3) {
        fputs("uring-bench-echo: started by uring-bench only\n", stderr);
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != (pid_t)strtol(argv[2], NULL, 10))
        return 1; /* it ended before it was asked to take this process along */
    for (size_t i = 0; i < sizeof terminals / sizeof *terminals; i++)
        signal(terminals[i],
               SIG_IGN); /* a terminal sends them to all of a group: uring-bench says when to stop */
    sigaction(SIGTERM, &term, NULL);
    return strcmp(argv[1], "listen") == 0 ? serve_all(argv + 3) : run_trial(argv + 3);
}
