/* Sockets of `uring-bench echo`: where the server listens, and what goes over the control connection. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <unistd.h>
#include "echo.h"

#define SPARE_DESCRIPTORS 64u /* beside the connections */
#define BACKLOG           4096

void ub_echo_no_delay(int fd)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* a unix socket has nothing of the kind */
}

int ub_echo_descriptors(uint32_t connections)
{
    struct rlimit limit;
    rlim_t wanted = connections + SPARE_DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    if (limit.rlim_cur >= wanted)
        return 0;
    if (limit.rlim_max < wanted)
        return -EMFILE;
    limit.rlim_cur = wanted;
    return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0;
}

int ub_echo_read(int fd, void *to, size_t bytes)
{
    for (size_t got = 0; got < bytes;) {
        ssize_t n = recv(fd, (char *)to + got, bytes - got, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -ECONNRESET;
        got += (size_t)n;
    }
    return 0;
}

int ub_echo_write(int fd, const void *from, size_t bytes)
{
    for (size_t put = 0; put < bytes;) {
        ssize_t n = send(fd, (const char *)from + put, bytes - put, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        put += (size_t)n;
    }
    return 0;
}

/* Where a server listens: a name that the kernel picks in the abstract name space, so that no file is left; a
 * port that it picks, on the address that the client has reached or else on the loopback device. */
static socklen_t own_address(int control, uint32_t transport, struct sockaddr_storage *address)
{
    socklen_t bytes = sizeof *address;
    memset(address, 0, sizeof *address);
    if (transport == UB_ECHO_UNIX) {
        address->ss_family = AF_UNIX;
        return sizeof(sa_family_t); /* autobind, unix(7) */
    }
    if (getsockname(control, (struct sockaddr *)address, &bytes) == 0) {
        if (address->ss_family == AF_INET) {
            ((struct sockaddr_in *)address)->sin_port = 0;
            return sizeof(struct sockaddr_in);
        }
        if (address->ss_family == AF_INET6) {
            ((struct sockaddr_in6 *)address)->sin6_port = 0;
            return sizeof(struct sockaddr_in6);
        }
    }
    struct sockaddr_in *in = (struct sockaddr_in *)address;
    memset(address, 0, sizeof *address);
    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return sizeof *in;
}

int ub_echo_listen(int control, uint32_t transport, struct ub_echo_hello *hello)
{
    struct sockaddr_storage address;
    socklen_t bytes = own_address(control, transport, &address);
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    socklen_t bound = sizeof address;
    if (bind(fd, (struct sockaddr *)&address, bytes) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &bound) < 0) {
        int ret = -errno;
        close(fd);
        return ret;
    }
    memcpy(hello->address, &address, bound);
    hello->address_bytes = bound;
    return fd;
}

int ub_echo_connect(int control, const struct ub_echo_hello *hello, int *fd)
{
    struct sockaddr_storage address;
    socklen_t bytes = hello->address_bytes, peer_bytes = sizeof address;
    if (bytes > sizeof address)
        return -EPROTO;
    memset(&address, 0, sizeof address);
    /* Of a remote server the port alone counts: it may be behind another address than it knows. */
    struct sockaddr_storage told = {0};
    memcpy(&told, hello->address, bytes);
    if (told.ss_family != AF_UNIX && getpeername(control, (struct sockaddr *)&address, &peer_bytes) == 0 &&
        address.ss_family == told.ss_family) {
        if (told.ss_family == AF_INET)
            ((struct sockaddr_in *)&address)->sin_port = ((struct sockaddr_in *)&told)->sin_port;
        else
            ((struct sockaddr_in6 *)&address)->sin6_port = ((struct sockaddr_in6 *)&told)->sin6_port;
        bytes = peer_bytes;
    } else {
        address = told;
    }
    *fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return -errno;
    while (connect(*fd, (struct sockaddr *)&address, bytes) < 0) {
        int ret = -errno;
        if (ret == -EINTR)
            continue;
        close(*fd);
        *fd = -1;
        return ret;
    }
    if (address.ss_family != AF_UNIX)
        ub_echo_no_delay(*fd);
    return 0;
}
