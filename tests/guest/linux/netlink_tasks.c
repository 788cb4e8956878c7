/* Covers: the kernel's reports on processes by netlink: the connector of process events (fork, exec, exit), and generic
 * netlink's task statistics.  Both need rights; without them, that is what there is to see. */
#include "t.h"
/* What there is to see depends on rights; only what is wrong is shown. */
#undef CHECK
#define CHECK(cond) ((cond) ? (void)0 : (printf("FAIL %s (line %d)\n", #cond, __LINE__), (void)t_failures++))
#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int listen_to_processes(int s, enum proc_cn_mcast_op op)
{
    struct {
        struct nlmsghdr head;
        struct cn_msg message;
        uint32_t op;
    } __attribute__((packed, aligned(4))) m;
    memset(&m, 0, sizeof m);
    m.head.nlmsg_len = sizeof m;
    m.head.nlmsg_type = NLMSG_DONE;
    m.message.id.idx = CN_IDX_PROC;
    m.message.id.val = CN_VAL_PROC;
    m.message.len = sizeof m.op;
    m.op = op;
    return send(s, &m, sizeof m, 0) == sizeof m ? 0 : -1;
}

/* Waits for events of a child; gives them as bits: 1 fork, 2 exit with this status. */
static int events_of(int s, pid_t child, int status)
{
    int seen = 0;
    char buffer[4096] __attribute__((aligned(8)));
    struct pollfd p = {.fd = s, .events = POLLIN};
    while (seen != 3 && poll(&p, 1, 10000) == 1) {
        ssize_t got = recv(s, buffer, sizeof buffer, 0);
        struct nlmsghdr *h = (struct nlmsghdr *)buffer;
        for (; got > 0 && NLMSG_OK(h, (size_t)got); h = NLMSG_NEXT(h, got)) {
            struct cn_msg *m = NLMSG_DATA(h);
            struct proc_event event;
            size_t len = m->len < sizeof event ? m->len : sizeof event;
            if (m->id.idx != CN_IDX_PROC)
                continue;
            memset(&event, 0, sizeof event);
            memcpy(&event, m->data, len);
            if ((uint32_t)event.what == PROC_EVENT_FORK && event.event_data.fork.child_pid == child &&
                event.event_data.fork.parent_pid == getpid())
                seen |= 1;
            if ((uint32_t)event.what == (uint32_t)PROC_EVENT_EXIT && event.event_data.exit.process_pid == child &&
                event.event_data.exit.exit_code == (unsigned)status)
                seen |= 2;
        }
    }
    return seen;
}

static void connector(void)
{
    int s = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_CONNECTOR);
    if (s < 0) {
        CHECK(errno == EPROTONOSUPPORT);
        return;
    }
    struct sockaddr_nl a = {.nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC};
    int bound = bind(s, (struct sockaddr *)&a, sizeof a);
    /* Only the first user of the first namespaces may listen. */
    int allowed = bound == 0 && geteuid() == 0 && listen_to_processes(s, PROC_CN_MCAST_LISTEN) == 0;
    if (!allowed) {
        CHECK(bound == 0 || errno == EPERM);
        close(s);
        return;
    }
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(37);
    int status;
    waitpid(child, &status, 0);
    CHECK(WEXITSTATUS(status) == 37 && events_of(s, child, 37 << 8) == 3);
    CHECK(listen_to_processes(s, PROC_CN_MCAST_IGNORE) == 0);
    close(s);
}

/* A request of generic netlink with one attribute; gives the reply's length, or minus the error that it says. */
static int ask(int s, int family, int command, int attribute, const void *value, int len, char *reply, int room)
{
    char buffer[256] __attribute__((aligned(8)));
    memset(buffer, 0, sizeof buffer);
    struct nlmsghdr *h = (struct nlmsghdr *)buffer;
    struct genlmsghdr *g = NLMSG_DATA(h);
    struct nlattr *n = (struct nlattr *)((char *)g + GENL_HDRLEN);
    h->nlmsg_type = family;
    h->nlmsg_flags = NLM_F_REQUEST;
    h->nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN) + NLA_ALIGN(NLA_HDRLEN + len);
    g->cmd = command;
    g->version = 1;
    n->nla_type = attribute;
    n->nla_len = NLA_HDRLEN + len;
    memcpy((char *)n + NLA_HDRLEN, value, len);
    if (send(s, buffer, h->nlmsg_len, 0) != h->nlmsg_len)
        return -errno;
    int got = recv(s, reply, room, 0);
    h = (struct nlmsghdr *)reply;
    if (got < (int)sizeof *h)
        return -EIO;
    return h->nlmsg_type == NLMSG_ERROR ? ((struct nlmsgerr *)NLMSG_DATA(h))->error : got;
}

/* The value of an attribute in a reply, or in an attribute that has others in it. */
static void *find(char *at, int len, int type)
{
    while (len >= (int)sizeof(struct nlattr)) {
        struct nlattr *n = (struct nlattr *)at;
        if ((n->nla_type & NLA_TYPE_MASK) == type)
            return at + NLA_HDRLEN;
        if (n->nla_len < NLA_HDRLEN)
            break;
        at += NLA_ALIGN(n->nla_len);
        len -= NLA_ALIGN(n->nla_len);
    }
    return NULL;
}

static void statistics(void)
{
    static char reply[4096] __attribute__((aligned(8)));
    char *body = reply + NLMSG_HDRLEN + GENL_HDRLEN;
    int s = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
    CHECK(s >= 0);
    int got = ask(s, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME, "TASKSTATS", 10, reply, sizeof reply);
    uint16_t *family = got > 0 ? find(body, got - (body - reply), CTRL_ATTR_FAMILY_ID) : NULL;
    if (!family) {
        CHECK(got == -ENOENT);
        close(s);
        return;
    }
    CHECK(*family >= 16);
    uint32_t me = getpid();
    int id = *family;
    got = ask(s, id, TASKSTATS_CMD_GET, TASKSTATS_CMD_ATTR_PID, &me, sizeof me, reply, sizeof reply);
    if (got == -EPERM) {
        CHECK(geteuid() != 0);
        close(s);
        return;
    }
    char *all = got > 0 ? find(body, got - (body - reply), TASKSTATS_TYPE_AGGR_PID) : NULL;
    CHECK(all != NULL);
    if (all) {
        int len = reply + got - all;
        uint32_t *pid = find(all, len, TASKSTATS_TYPE_PID);
        char *stats = find(all, len, TASKSTATS_TYPE_STATS);
        CHECK(pid && *pid == me && stats);
        struct taskstats t;
        memset(&t, 0, sizeof t);
        if (stats)
            memcpy(&t, stats, sizeof t);
        CHECK(t.version >= 5 && t.version < 100 && t.ac_pid == me && t.ac_ppid == (uint32_t)getppid());
        CHECK(t.ac_uid == getuid() && t.ac_btime > 1000000000u && strlen(t.ac_comm) > 0 && t.ac_comm[0] > ' ');
        CHECK(t.ac_etime < 1000000000ull && t.ac_utime < 1000000000ull);
    }
    uint32_t nobody = 0x7ffffff0;
    CHECK(ask(s, id, TASKSTATS_CMD_GET, TASKSTATS_CMD_ATTR_PID, &nobody, sizeof nobody, reply, sizeof reply) == -ESRCH);
    close(s);
}

int main(void)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    /* Demotic says so where it cannot give messages the guest's byte order; a program does as without this in the kernel. */
    int other = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_CONNECTOR) == -1 && errno == EPROTONOSUPPORT;
    t_failures += !other;
    printf("%s\n", other ? "passed" : "FAILED");
    return t_failures;
#endif
    connector();
    statistics();
    printf("%s\n", t_failures ? "FAILED" : "passed");
    return t_failures;
}
