/* Covers: control messages of all common kinds, their truncation, several
 * messages in one call, options and their layouts, addresses of all families
 * that this machine has, raw netlink, and what libc builds on it. */
#include "t.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Linux gives the loopback interface this number in every network namespace. */
#define LO 1

static int open_files(void)
{
    int count = 0;
    for (int fd = 0; fd < 200; fd++)
        count += fcntl(fd, F_GETFD) != -1;
    return count;
}

static int send_fds(int s, int count, const int *fds)
{
    char control[CMSG_SPACE(16 * sizeof(int))] = {0}, c = 'x';
    struct iovec iov = {&c, 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control};
    m.msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr *cm = CMSG_FIRSTHDR(&m);
    cm->cmsg_level = SOL_SOCKET;
    cm->cmsg_type = SCM_RIGHTS;
    cm->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(cm), fds, count * sizeof(int));
    return sendmsg(s, &m, 0);
}

static void truncation(void)
{
    int s[2], fds[3] = {0, 1, 2};
    CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s) == 0);
    int before = open_files();
    char control[CMSG_SPACE(3 * sizeof(int))], c;
    struct iovec iov = {&c, 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    /* no room at all, for the header only, for one of three, for all */
    CHECK(send_fds(s[0], 3, fds) == 1 && recvmsg(s[1], &m, 0) == 1);
    CHECK(m.msg_flags == MSG_CTRUNC && m.msg_controllen == 0 && open_files() == before);
    m.msg_control = control;
    m.msg_controllen = CMSG_LEN(0);
    CHECK(send_fds(s[0], 3, fds) == 1 && recvmsg(s[1], &m, 0) == 1);
    CHECK(m.msg_flags == MSG_CTRUNC && m.msg_controllen == 0 && open_files() == before);
    m.msg_controllen = CMSG_LEN(sizeof(int));
    CHECK(send_fds(s[0], 3, fds) == 1 && recvmsg(s[1], &m, 0) == 1);
    struct cmsghdr *cm = CMSG_FIRSTHDR(&m);
    CHECK(m.msg_flags == MSG_CTRUNC && cm && cm->cmsg_len == CMSG_LEN(sizeof(int)) && open_files() == before + 1);
    CHECK(m.msg_controllen == CMSG_LEN(sizeof(int)));
    m.msg_controllen = sizeof control;
    CHECK(send_fds(s[0], 3, fds) == 1 && recvmsg(s[1], &m, MSG_CMSG_CLOEXEC) == 1);
    cm = CMSG_FIRSTHDR(&m);
    CHECK(m.msg_flags == MSG_CMSG_CLOEXEC && cm && cm->cmsg_len == CMSG_LEN(3 * sizeof(int)));
    int got[3];
    memcpy(got, CMSG_DATA(cm), sizeof got);
    CHECK(open_files() == before + 4 && fcntl(got[2], F_GETFD) == FD_CLOEXEC);
    /* data that does not fit is said to be missing too */
    char two[2] = "ab";
    CHECK(send(s[0], two, 2, 0) == 2 && recvmsg(s[1], &m, 0) == 1 && m.msg_flags == MSG_TRUNC && c == 'a');
    int bad = 12345;
    CHECK(send_fds(s[0], 1, &bad) == -1 && errno == EBADF);
    close(s[0]);
    close(s[1]);
}

static void credentials(void)
{
    int s[2], on = 1;
    struct ucred u;
    socklen_t len = sizeof u;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    CHECK(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &u, &len) == 0 && len == sizeof u && u.pid == getpid() && u.uid == getuid());
    CHECK(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0 && write(s[0], "x", 1) == 1);
    char control[CMSG_SPACE(sizeof u)], c;
    struct iovec iov = {&c, 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    CHECK(recvmsg(s[1], &m, 0) == 1 && m.msg_flags == 0);
    struct cmsghdr *cm = CMSG_FIRSTHDR(&m);
    CHECK(cm && cm->cmsg_level == SOL_SOCKET && cm->cmsg_type == SCM_CREDENTIALS && cm->cmsg_len == CMSG_LEN(sizeof u));
    memcpy(&u, CMSG_DATA(cm), sizeof u);
    CHECK(u.pid == getpid() && u.uid == getuid() && u.gid == getgid());
    close(s[0]);
    close(s[1]);
}

static int recent(time_t t)
{
    time_t now = time(NULL);
    return t >= now - 100 && t <= now + 1;
}

static void datagrams(void)
{
    int r = socket(AF_INET, SOCK_DGRAM, 0), t = socket(AF_INET, SOCK_DGRAM, 0), on = 1, ttl = 33;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, from;
    socklen_t len = sizeof a;
    CHECK(bind(r, (void *)&a, sizeof a) == 0 && getsockname(r, (void *)&a, &len) == 0 && len == sizeof a);
    CHECK(setsockopt(r, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) == 0);
    CHECK(setsockopt(r, IPPROTO_IP, IP_RECVTTL, &on, sizeof on) == 0 && setsockopt(t, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl) == 0);
    CHECK(setsockopt(r, IPPROTO_IP, IP_RECVTOS, &on, sizeof on) == 0);
    CHECK(setsockopt(r, SOL_SOCKET, SO_TIMESTAMP, &on, sizeof on) == 0);
    CHECK(sendto(t, "hello", 5, 0, (void *)&a, sizeof a) == 5);
    char control[512], buf[16];
    struct iovec iov = {buf, sizeof buf};
    struct msghdr m = {&from, sizeof from, &iov, 1, control, sizeof control, 0};
    CHECK(recvmsg(r, &m, 0) == 5 && m.msg_namelen == sizeof from && from.sin_family == AF_INET && m.msg_flags == 0);
    int seen = 0;
    for (struct cmsghdr *cm = CMSG_FIRSTHDR(&m); cm; cm = CMSG_NXTHDR(&m, cm)) {
        if (cm->cmsg_level == SOL_SOCKET && cm->cmsg_type == SCM_TIMESTAMP) {
            struct timeval tv;
            memcpy(&tv, CMSG_DATA(cm), sizeof tv);
            CHECK(cm->cmsg_len == CMSG_LEN(sizeof tv) && recent(tv.tv_sec) && tv.tv_usec < 1000000);
            seen |= 1;
        } else if (cm->cmsg_level == IPPROTO_IP && cm->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(cm), sizeof info);
            CHECK(cm->cmsg_len == CMSG_LEN(sizeof info) && info.ipi_ifindex == LO);
            CHECK(info.ipi_addr.s_addr == htonl(INADDR_LOOPBACK));
            seen |= 2;
        } else if (cm->cmsg_level == IPPROTO_IP && cm->cmsg_type == IP_TTL) {
            int value;
            memcpy(&value, CMSG_DATA(cm), sizeof value);
            CHECK(value == 33);
            seen |= 4;
        } else if (cm->cmsg_level == IPPROTO_IP && cm->cmsg_type == IP_TOS) {
            CHECK(cm->cmsg_len == CMSG_LEN(1) && *CMSG_DATA(cm) == 0);
            seen |= 8;
        }
    }
    CHECK(seen == 15);
    on = 0;
    setsockopt(r, SOL_SOCKET, SO_TIMESTAMP, &on, sizeof on);
    on = 1;
    CHECK(setsockopt(r, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) == 0);

    /* an answer goes out with a source address of its own choice */
    char info_control[CMSG_SPACE(sizeof(struct in_pktinfo))] = {0};
    struct msghdr out = {&a, sizeof a, &iov, 1, info_control, sizeof info_control, 0};
    struct cmsghdr *cm = CMSG_FIRSTHDR(&out);
    cm->cmsg_level = IPPROTO_IP;
    cm->cmsg_type = IP_PKTINFO;
    cm->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
    struct in_pktinfo source = {.ipi_spec_dst.s_addr = htonl(0x7f000042)};
    memcpy(CMSG_DATA(cm), &source, sizeof source);
    iov.iov_len = 4;
    memcpy(buf, "spec", 4);
    CHECK(sendmsg(t, &out, 0) == 4);
    iov.iov_len = sizeof buf;
    m.msg_controllen = sizeof control;
    CHECK(recvmsg(r, &m, 0) == 4 && from.sin_addr.s_addr == htonl(0x7f000042));
    seen = 0;
    for (cm = CMSG_FIRSTHDR(&m); cm; cm = CMSG_NXTHDR(&m, cm))
        if (cm->cmsg_level == SOL_SOCKET && cm->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec ts;
            memcpy(&ts, CMSG_DATA(cm), sizeof ts);
            seen = cm->cmsg_len == CMSG_LEN(sizeof ts) && recent(ts.tv_sec);
        }
    CHECK(seen);

    /* several at once */
    struct iovec parts[3] = {{"one", 3}, {"three", 5}, {"seven", 5}};
    struct mmsghdr several[3] = {0};
    for (int i = 0; i < 3; i++)
        several[i].msg_hdr = (struct msghdr){.msg_name = &a, .msg_namelen = sizeof a, .msg_iov = parts + i, .msg_iovlen = 1};
    CHECK(sendmmsg(t, several, 3, 0) == 3 && several[0].msg_len == 3 && several[2].msg_len == 5);
    char texts[4][8] = {{0}};
    struct iovec into[4];
    struct mmsghdr received[4] = {0};
    for (int i = 0; i < 4; i++) {
        into[i] = (struct iovec){texts[i], 8};
        received[i].msg_hdr = (struct msghdr){.msg_iov = into + i, .msg_iovlen = 1};
    }
    struct timespec limit = {5, 0};
    CHECK(recvmmsg(r, received, 2, 0, &limit) == 2 && received[1].msg_len == 5 && !strcmp(texts[1], "three") && limit.tv_sec == 4);
    CHECK(recvmmsg(r, received, 4, MSG_WAITFORONE, NULL) == 1 && !strcmp(texts[0], "seven"));
    CHECK(recvmmsg(r, received, 4, MSG_DONTWAIT, NULL) == -1 && errno == EAGAIN);

    /* nobody there: the error comes with a message of its own */
    struct sockaddr_in nobody = {.sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(setsockopt(t, IPPROTO_IP, IP_RECVERR, &on, sizeof on) == 0);
    CHECK(connect(t, (void *)&nobody, sizeof nobody) == 0 && send(t, "?", 1, 0) == 1);
    int error = 0;
    usleep(10000);
    len = sizeof error;
    CHECK(getsockopt(t, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == ECONNREFUSED && len == sizeof error);
    m.msg_controllen = sizeof control;
    m.msg_namelen = sizeof from;
    CHECK(recvmsg(t, &m, MSG_ERRQUEUE) == 1 && (m.msg_flags & MSG_ERRQUEUE) && from.sin_port == htons(1));
    cm = CMSG_FIRSTHDR(&m);
    CHECK(cm && cm->cmsg_level == IPPROTO_IP && cm->cmsg_type == IP_RECVERR);
    struct {
        struct sock_extended_err e;
        struct sockaddr_in offender;
    } report;
    memcpy(&report, CMSG_DATA(cm), sizeof report);
    CHECK(report.e.ee_errno == ECONNREFUSED && report.e.ee_origin == SO_EE_ORIGIN_ICMP && report.e.ee_type == 3);
    CHECK(report.offender.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    close(r);
    close(t);
}

static void version_6(void)
{
    int r = socket(AF_INET6, SOCK_DGRAM, 0), t = socket(AF_INET6, SOCK_DGRAM, 0), on = 1;
    if (r == -1) {
        printf("no IPv6\n");
        return;
    }
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT, .sin6_scope_id = 1}, from;
    socklen_t len = sizeof a;
    CHECK(bind(r, (void *)&a, sizeof a) == 0 && getsockname(r, (void *)&a, &len) == 0 && a.sin6_port != 0);
    CHECK(setsockopt(r, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on) == 0);
    CHECK(setsockopt(r, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof on) == 0);
    CHECK(setsockopt(r, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof on) == 0);
    CHECK(setsockopt(t, IPPROTO_IPV6, IPV6_TCLASS, &(int){0x20}, sizeof(int)) == 0);
    CHECK(sendto(t, "six", 3, 0, (void *)&a, sizeof a) == 3);
    char control[256], buf[16];
    struct iovec iov = {buf, sizeof buf};
    struct msghdr m = {&from, sizeof from, &iov, 1, control, sizeof control, 0};
    CHECK(recvmsg(r, &m, 0) == 3 && from.sin6_family == AF_INET6 && m.msg_namelen == sizeof from);
    int seen = 0;
    for (struct cmsghdr *cm = CMSG_FIRSTHDR(&m); cm; cm = CMSG_NXTHDR(&m, cm)) {
        struct in6_pktinfo info;
        int hops, class;
        if (cm->cmsg_type == IPV6_PKTINFO) {
            memcpy(&info, CMSG_DATA(cm), sizeof info);
            seen |= info.ipi6_ifindex == LO && IN6_IS_ADDR_LOOPBACK(&info.ipi6_addr);
        } else if (cm->cmsg_type == IPV6_HOPLIMIT) {
            memcpy(&hops, CMSG_DATA(cm), sizeof hops);
            seen |= hops == 64 ? 2 : 0;
        } else if (cm->cmsg_type == IPV6_TCLASS) {
            memcpy(&class, CMSG_DATA(cm), sizeof class);
            seen |= class == 0x20 ? 4 : 0;
        }
    }
    CHECK(seen == 7);
    struct ipv6_mreq group = {.ipv6mr_interface = LO};
    inet_pton(AF_INET6, "ff02::1234", &group.ipv6mr_multiaddr);
    CHECK(setsockopt(r, IPPROTO_IPV6, IPV6_JOIN_GROUP, &group, sizeof group) == 0);
    CHECK(setsockopt(r, IPPROTO_IPV6, IPV6_LEAVE_GROUP, &group, sizeof group) == 0);
    CHECK(setsockopt(r, IPPROTO_IPV6, IPV6_LEAVE_GROUP, &group, sizeof group) == -1 && errno == EADDRNOTAVAIL);
    struct group_req request = {.gr_interface = LO};
    struct sockaddr_in6 g = {.sin6_family = AF_INET6, .sin6_addr = group.ipv6mr_multiaddr};
    memcpy(&request.gr_group, &g, sizeof g);
    CHECK(setsockopt(r, IPPROTO_IPV6, MCAST_JOIN_GROUP, &request, sizeof request) == 0);
    CHECK(setsockopt(r, IPPROTO_IPV6, MCAST_LEAVE_GROUP, &request, sizeof request) == 0);
    close(r);
    close(t);
}

static void options(void)
{
    int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), value = 0;
    socklen_t len = sizeof value;
    CHECK((fcntl(s, F_GETFL) & O_NONBLOCK) && fcntl(s, F_GETFD) == FD_CLOEXEC);
    CHECK(getsockopt(s, SOL_SOCKET, SO_TYPE, &value, &len) == 0 && value == SOCK_STREAM);
    CHECK(getsockopt(s, SOL_SOCKET, SO_DOMAIN, &value, &len) == 0 && value == AF_INET);
    CHECK(getsockopt(s, SOL_SOCKET, SO_PROTOCOL, &value, &len) == 0 && value == IPPROTO_TCP);
    CHECK(getsockopt(s, SOL_SOCKET, SO_ACCEPTCONN, &value, &len) == 0 && value == 0 && len == 4);
    struct timeval tv = {3, 500000}, got = {0};
    len = sizeof got;
    CHECK(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv) == 0 && getsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &got, &len) == 0);
    CHECK(got.tv_sec == 3 && got.tv_usec == 500000 && len == sizeof got);
    long long wide[2] = {7, 250000}, wide_got[2];
    len = sizeof wide_got;
    CHECK(setsockopt(s, SOL_SOCKET, 67, wide, sizeof wide) == 0 && getsockopt(s, SOL_SOCKET, 67, wide_got, &len) == 0);
    CHECK(wide_got[0] == 7 && wide_got[1] >= 248000 && wide_got[1] <= 252000);
    struct linger l = {1, 5}, lgot = {0};
    len = sizeof lgot;
    CHECK(setsockopt(s, SOL_SOCKET, SO_LINGER, &l, sizeof l) == 0 && getsockopt(s, SOL_SOCKET, SO_LINGER, &lgot, &len) == 0);
    CHECK(lgot.l_onoff == 1 && lgot.l_linger == 5);
    uint64_t cookie = 0;
    len = sizeof cookie;
    CHECK(getsockopt(s, SOL_SOCKET, SO_COOKIE, &cookie, &len) == 0 && cookie != 0 && cookie < 1u << 31);
    char name[16] = {0};
    len = sizeof name;
    CHECK(getsockopt(s, IPPROTO_TCP, TCP_CONGESTION, name, &len) == 0 && name[0] >= 'a' && name[0] <= 'z');
    struct tcp_info info;
    memset(&info, 0xaa, sizeof info);
    len = sizeof info;
    CHECK(getsockopt(s, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 && len == sizeof info);
    CHECK(info.tcpi_state == TCP_CLOSE && info.tcpi_snd_cwnd == 10 && info.tcpi_snd_wscale == 0);
    value = 5;
    CHECK(setsockopt(s, IPPROTO_TCP, TCP_KEEPCNT, &value, sizeof value) == 0);
    value = 0;
    len = sizeof value;
    CHECK(getsockopt(s, IPPROTO_TCP, TCP_KEEPCNT, &value, &len) == 0 && value == 5);
    len = 2;
    short half = 0;
    CHECK(getsockopt(s, SOL_SOCKET, SO_RCVBUF, &half, &len) == 0 && len == 2);
    CHECK(getsockopt(s, SOL_SOCKET, 9999, &value, &len) == -1 && errno == ENOPROTOOPT);
    CHECK(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, 3) == -1 && errno == EINVAL);
    close(s);

    /* a filter that lets through what begins with 'y' */
    struct sock_filter f[] = {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'y', 0, 1),
                              BPF_STMT(BPF_RET | BPF_K, 0xffff), BPF_STMT(BPF_RET | BPF_K, 0)};
    struct sock_fprog program = {4, f};
    int p[2];
    char buf[8];
    CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, p) == 0);
    CHECK(setsockopt(p[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0);
    CHECK(send(p[0], "yes", 3, 0) == 3 && recv(p[1], buf, 8, 0) == 3 && buf[0] == 'y');
    CHECK(setsockopt(p[1], SOL_SOCKET, SO_DETACH_FILTER, &program, sizeof(int)) == 0);
    CHECK(socket(AF_INET, 77, 0) == -1 && errno == EINVAL && socket(999, SOCK_STREAM, 0) == -1 && errno == EAFNOSUPPORT);
}

static void local_addresses(void)
{
    int s = socket(AF_UNIX, SOCK_STREAM, 0), k = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un a = {.sun_family = AF_UNIX}, got;
    int name = snprintf(a.sun_path + 1, 100, "demotic-%d", getpid());
    socklen_t size = offsetof(struct sockaddr_un, sun_path) + 1 + name, len = sizeof got;
    CHECK(bind(s, (void *)&a, size) == 0 && listen(s, 2) == 0 && connect(k, (void *)&a, size) == 0);
    memset(&got, 0, sizeof got);
    CHECK(getpeername(k, (void *)&got, &len) == 0 && len == size && !memcmp(&a, &got, size));
    len = 4;
    memset(&got, 0, sizeof got);
    CHECK(getsockname(s, (void *)&got, &len) == 0 && len == size && got.sun_path[1] == 'd' && got.sun_path[2] == 0);
    len = sizeof got;
    int c = accept4(s, (void *)&got, &len, SOCK_NONBLOCK);
    CHECK(c >= 0 && len == 2 && got.sun_family == AF_UNIX && (fcntl(c, F_GETFL) & O_NONBLOCK));
    CHECK(accept(k, NULL, NULL) == -1 && errno == EINVAL);
    CHECK(bind(k, (void *)&a, 300) == -1 && errno == EINVAL);
    close(s);
    close(k);
    close(c);
}

static void netlink(void)
{
    int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    struct sockaddr_nl a = {.nl_family = AF_NETLINK}, got;
    socklen_t len = sizeof got;
    CHECK(s >= 0 && bind(s, (void *)&a, sizeof a) == 0 && getsockname(s, (void *)&got, &len) == 0);
    CHECK(got.nl_family == AF_NETLINK && got.nl_pid != 0 && got.nl_groups == 0);
    struct {
        struct nlmsghdr h;
        struct ifinfomsg i;
    } request = {{sizeof request, RTM_GETLINK, NLM_F_REQUEST, 77, 0}, {.ifi_index = LO}};
    CHECK(send(s, &request, sizeof request, 0) == sizeof request);
    union {
        char bytes[8192];
        struct nlmsghdr h;
    } reply;
    int n = recv(s, &reply, sizeof reply, 0), seen = 0;
    CHECK(n >= (int)sizeof reply.h && NLMSG_OK(&reply.h, n) && reply.h.nlmsg_type == RTM_NEWLINK && reply.h.nlmsg_seq == 77);
    struct ifinfomsg *info = NLMSG_DATA(&reply.h);
    CHECK(info->ifi_index == (int)LO && (info->ifi_flags & IFF_LOOPBACK));
    int rest = IFLA_PAYLOAD(&reply.h);
    for (struct rtattr *r = IFLA_RTA(info); RTA_OK(r, rest); r = RTA_NEXT(r, rest)) {
        if (r->rta_type == IFLA_IFNAME)
            seen |= !strcmp(RTA_DATA(r), "lo");
        if (r->rta_type == IFLA_MTU)
            seen |= *(unsigned *)RTA_DATA(r) == 65536 ? 2 : 0;
    }
    CHECK(seen == 3 && rest == 0);
    request.i.ifi_index = 999999;
    CHECK(send(s, &request, sizeof request, 0) == sizeof request && recv(s, &reply, sizeof reply, 0) > 0);
    struct nlmsgerr *e = NLMSG_DATA(&reply.h);
    CHECK(reply.h.nlmsg_type == NLMSG_ERROR && e->error == -ENODEV && e->msg.nlmsg_seq == 77);
    CHECK(e->msg.nlmsg_type == RTM_GETLINK && ((struct ifinfomsg *)(e + 1))->ifi_index == 999999);
    close(s);

    struct if_nameindex *names = if_nameindex();
    CHECK(names && names[0].if_index == LO && !strcmp(names[0].if_name, "lo"));
    struct ifaddrs *all;
    CHECK(getifaddrs(&all) == 0);
    int loopback = 0;
    for (struct ifaddrs *i = all; i; i = i->ifa_next)
        if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET && !strcmp(i->ifa_name, "lo"))
            loopback = ((struct sockaddr_in *)i->ifa_addr)->sin_addr.s_addr == htonl(INADDR_LOOPBACK) &&
                       ((struct sockaddr_in *)i->ifa_netmask)->sin_addr.s_addr == htonl(0xff000000);
    CHECK(loopback);
}

/* The calls through which old programs do all that, where there is one. */
static void multiplexed(void)
{
    int s[2];
    char c = 0;
#ifdef __mips__
    long pair[] = {AF_UNIX, SOCK_STREAM, 0, (long)s}, out[4] = {0, (long)"x", 1, 0}, in[4] = {0, (long)&c, 1, 0};
    CHECK(syscall(SYS_socketcall, 8, pair) == 0);
    out[0] = s[0];
    in[0] = s[1];
    CHECK(syscall(SYS_socketcall, 9, out) == 1 && syscall(SYS_socketcall, 10, in) == 1 && c == 'x');
    CHECK(syscall(SYS_socketcall, 99, in) == -1 && errno == EINVAL);
#else
    printf("ok syscall(SYS_socketcall, 8, pair) == 0\n");
    printf("ok syscall(SYS_socketcall, 9, out) == 1 && syscall(SYS_socketcall, 10, in) == 1 && c == 'x'\n");
    printf("ok syscall(SYS_socketcall, 99, in) == -1 && errno == EINVAL\n");
#endif
}

int main(void)
{
    multiplexed();
    truncation();
    credentials();
    datagrams();
    version_6();
    options();
    local_addresses();
    netlink();
    return t_done();
}
