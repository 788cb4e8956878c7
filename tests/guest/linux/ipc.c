/* Covers: socketpair, poll, select, epoll, eventfd, sendmsg with descriptors,
 * TCP over the loopback, shutdown, socket options. */
#include "t.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    int s[2], p[2];
    char buf[64] = {0};
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    CHECK(write(s[0], "ping", 4) == 4 && read(s[1], buf, 64) == 4 && !memcmp(buf, "ping", 4));

    struct pollfd pf[2] = {{s[0], POLLIN, 0}, {s[1], POLLIN | POLLOUT, 0}};
    CHECK(poll(pf, 2, 0) == 1 && pf[0].revents == 0 && pf[1].revents == POLLOUT);
    CHECK(send(s[1], "x", 1, 0) == 1 && poll(pf, 1, 1000) == 1 && pf[0].revents == POLLIN);
    CHECK(recv(s[0], buf, 64, MSG_PEEK) == 1 && recv(s[0], buf, 64, MSG_DONTWAIT) == 1);
    CHECK(recv(s[0], buf, 64, MSG_DONTWAIT) == -1 && errno == EAGAIN);

    fd_set r, w;
    FD_ZERO(&r); FD_ZERO(&w);
    FD_SET(s[0], &r); FD_SET(s[0], &w);
    struct timeval tv = {0, 1000};
    CHECK(select(s[1] + 1, &r, &w, NULL, &tv) == 1 && !FD_ISSET(s[0], &r) && FD_ISSET(s[0], &w));

    int ep = epoll_create1(0), ev = eventfd(0, 0);
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = 0x123456789abcdef0ull}, out[4];
    CHECK(ep >= 0 && ev >= 0 && epoll_ctl(ep, EPOLL_CTL_ADD, ev, &e) == 0);
    CHECK(epoll_wait(ep, out, 4, 0) == 0);
    uint64_t n = 5;
    CHECK(write(ev, &n, 8) == 8 && epoll_wait(ep, out, 4, 1000) == 1);
    CHECK(out[0].events == EPOLLIN && out[0].data.u64 == 0x123456789abcdef0ull);
    CHECK(read(ev, &n, 8) == 8 && n == 5);

    /* pass a pipe's end through the socket */
    CHECK(pipe(p) == 0);
    char ctl[CMSG_SPACE(sizeof(int))] = {0}, c = 'd';
    struct iovec iv = {&c, 1};
    struct msghdr m = {.msg_iov = &iv, .msg_iovlen = 1, .msg_control = ctl, .msg_controllen = sizeof ctl};
    struct cmsghdr *cm = CMSG_FIRSTHDR(&m);
    cm->cmsg_level = SOL_SOCKET;
    cm->cmsg_type = SCM_RIGHTS;
    cm->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(cm), &p[1], sizeof(int));
    CHECK(sendmsg(s[0], &m, 0) == 1);
    memset(ctl, 0, sizeof ctl);
    c = 0;
    m.msg_controllen = sizeof ctl;
    CHECK(recvmsg(s[1], &m, 0) == 1 && c == 'd');
    int fd = -1;
    cm = CMSG_FIRSTHDR(&m);
    if (cm)
        memcpy(&fd, CMSG_DATA(cm), sizeof fd);
    CHECK(fd >= 0 && fd != p[1] && write(fd, "via", 3) == 3 && read(p[0], buf, 64) == 3);
    CHECK(shutdown(s[0], SHUT_WR) == 0 && read(s[1], buf, 1) == 0);

    /* TCP */
    int l = socket(AF_INET, SOCK_STREAM, 0), one = 1, val = 0;
    socklen_t len = sizeof val;
    CHECK(setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0);
    CHECK(getsockopt(l, SOL_SOCKET, SO_REUSEADDR, &val, &len) == 0 && val == 1);
    CHECK(getsockopt(l, SOL_SOCKET, SO_TYPE, &val, &len) == 0 && val == SOCK_STREAM);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(bind(l, (void *)&a, sizeof a) == 0 && listen(l, 1) == 0);
    len = sizeof a;
    CHECK(getsockname(l, (void *)&a, &len) == 0 && a.sin_port != 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        int k = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(k, (void *)&a, sizeof a) || write(k, "over tcp", 8) != 8)
            _exit(1);
        _exit(read(k, buf, 1) == 0 ? 0 : 2);
    }
    len = sizeof a;
    int k = accept(l, (void *)&a, &len), got = 0;
    CHECK(k >= 0);
    while (got < 8) {
        ssize_t x = read(k, buf + got, sizeof buf - (size_t)got);
        if (x <= 0)
            break;
        got += (int)x;
    }
    CHECK(got == 8 && !memcmp(buf, "over tcp", 8));
    close(k);
    int st;
    CHECK(waitpid(pid, &st, 0) == pid && st == 0);
    char text[20];
    CHECK(!strcmp(inet_ntop(AF_INET, &a.sin_addr, text, sizeof text), "127.0.0.1"));
    return t_done();
}
