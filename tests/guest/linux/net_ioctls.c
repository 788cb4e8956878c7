/* Covers: what sockets tell of and do to network devices and routes by ioctl, in a network of the program's own that has
 * nothing but the loopback: routes of both families, and ethtool's commands. */
#include "t.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/route.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static int s;
static struct ifreq interface;

static long ethtool(void *data)
{
    interface.ifr_data = data;
    long r = ioctl(s, SIOCETHTOOL, &interface);
    return r < 0 ? -errno : r;
}

static const char *outcome(long r) { return r < 0 ? strerror(-r) : "done"; }

/* How many routes are shown that have this interface. */
static int routes(const char *path, const char *name)
{
    char line[512];
    int found = 0;
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        found += strstr(line, name) != NULL;
    if (f)
        fclose(f);
    return found;
}

static struct sockaddr address(const char *text)
{
    struct sockaddr a;
    struct sockaddr_in in = {.sin_family = AF_INET};
    inet_aton(text, &in.sin_addr);
    memcpy(&a, &in, sizeof a);
    return a;
}

static void old_routes(void)
{
    struct rtentry r = {.rt_dst = address("10.9.0.0"), .rt_genmask = address("255.255.0.0"), .rt_flags = RTF_UP,
                        .rt_metric = 8, .rt_dev = "lo", .rt_mtu = 1400};
    int before = routes("/proc/self/net/route", "lo");
    CHECK(ioctl(s, SIOCADDRT, &r) == 0 && routes("/proc/self/net/route", "lo") == before + 1);
    CHECK(routes("/proc/self/net/route", "\t7\t") == 1);
    CHECK(ioctl(s, SIOCADDRT, &r) == -1 && errno == EEXIST);
    CHECK(ioctl(s, SIOCDELRT, &r) == 0 && routes("/proc/self/net/route", "lo") == before);
    CHECK(ioctl(s, SIOCDELRT, &r) == -1 && errno == ESRCH);
    r.rt_dev = "none";
    CHECK(ioctl(s, SIOCADDRT, &r) == -1 && errno == ENODEV);
    r.rt_dev = (char *)-16;
    CHECK(ioctl(s, SIOCADDRT, &r) == -1 && errno == EFAULT);
    CHECK(ioctl(s, SIOCADDRT, (void *)16) == -1 && errno == EFAULT);
    CHECK(ioctl(0, SIOCADDRT, &r) == -1 && (errno == ENOTTY || errno == EINVAL));
}

/* As in linux/ipv6_route.h. */
struct route6 {
    struct in6_addr dst, src, gateway;
    uint32_t type;
    uint16_t dst_len, src_len;
    uint32_t metric;
    unsigned long info;
    uint32_t flags;
    int ifindex;
};
static void new_routes(void)
{
    struct route6 r = {.dst_len = 64, .metric = 77, .flags = RTF_UP, .ifindex = if_nametoindex("lo")};
    int six = socket(AF_INET6, SOCK_DGRAM, 0);
    inet_pton(AF_INET6, "fd00:9:8:7::", &r.dst);
    int before = routes("/proc/self/net/ipv6_route", "fd00000900080007");
    int made = ioctl(six, SIOCADDRT, &r) ? errno : 0;
    printf("route: %s, %d more\n", strerror(made), routes("/proc/self/net/ipv6_route", "fd00000900080007") - before);
    printf("metric: %d\n", routes("/proc/self/net/ipv6_route", "0000004d"));
    int gone = ioctl(six, SIOCDELRT, &r) ? errno : 0;
    printf("gone: %s, %d more\n", strerror(gone), routes("/proc/self/net/ipv6_route", "fd00000900080007") - before);
    close(six);
}

/* A structure with room for what follows it. */
#define ROOMY(type, name) union { struct type it; char room[sizeof(struct type) + 8192]; } name; memset(&name, 0, sizeof name)

static void devices(void)
{
    struct ethtool_value value = {.cmd = ETHTOOL_GLINK};
    long r = ethtool(&value);
    printf("link: %s, %u\n", outcome(r), value.data);
    CHECK(value.cmd == ETHTOOL_GLINK);
    struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
    r = ethtool(&info);
    printf("driver: %s, %s, %s, %u\n", outcome(r), info.driver, info.bus_info, info.n_stats);
    struct ethtool_cmd settings = {.cmd = ETHTOOL_GSET};
    printf("settings: %s\n", outcome(ethtool(&settings)));
    value.cmd = ETHTOOL_GFLAGS;
    r = ethtool(&value);
    printf("flags: %s, %x\n", outcome(r), value.data);
    value = (struct ethtool_value){ETHTOOL_GSG};
    r = ethtool(&value);
    printf("scatter: %s, %x\n", outcome(r), value.data);
    struct ethtool_ts_info times = {.cmd = ETHTOOL_GET_TS_INFO};
    r = ethtool(&times);
    printf("times: %s, %x %d %x %x\n", outcome(r), times.so_timestamping, times.phc_index, times.tx_types, times.rx_filters);
    ROOMY(ethtool_perm_addr, perm);
    perm.it.cmd = ETHTOOL_GPERMADDR, perm.it.size = 32;
    r = ethtool(&perm);
    printf("address: %s, %u, %x\n", outcome(r), perm.it.size, perm.it.data[0]);
    ROOMY(ethtool_sset_info, sets);
    sets.it.cmd = ETHTOOL_GSSET_INFO, sets.it.sset_mask = 1 << ETH_SS_FEATURES;
    r = ethtool(&sets);
    unsigned count = sets.it.data[0];
    printf("sets: %s, %llx, %u\n", outcome(r), (unsigned long long)sets.it.sset_mask, count);
    ROOMY(ethtool_gstrings, strings);
    strings.it.cmd = ETHTOOL_GSTRINGS, strings.it.string_set = ETH_SS_FEATURES, strings.it.len = count;
    r = ethtool(&strings);
    printf("strings: %s, %u\n", outcome(r), strings.it.len);
    CHECK(strings.it.len == count && count < 200);
    for (unsigned i = 0; i < count && i < 200; i++)
        printf("%.32s ", (char *)strings.it.data + 32 * i);
    printf("\n");
    ROOMY(ethtool_gfeatures, features);
    features.it.cmd = ETHTOOL_GFEATURES, features.it.size = (count + 31) / 32;
    r = ethtool(&features);
    printf("features: %s, %u:", outcome(r), features.it.size);
    for (unsigned i = 0; i < features.it.size && i < 8; i++) {
        struct ethtool_get_features_block *b = &features.it.features[i];
        printf(" %x/%x/%x/%x", b->available, b->requested, b->active, b->never_changed);
    }
    printf("\n");
    /* One of them is turned off, and on again: tx-nocache-copy or whatever can be changed first. */
    struct { uint32_t cmd, size; struct ethtool_set_features_block block[8]; } set = {ETHTOOL_SFEATURES, features.it.size};
    uint32_t some = features.it.features[0].available & ~features.it.features[0].never_changed;
    uint32_t one = some & -some;
    set.block[0].valid = one, set.block[0].requested = ~features.it.features[0].active & one;
    r = ethtool(&set);
    uint32_t was = features.it.features[0].requested;
    CHECK(ethtool(&features) == 0);
    printf("set: %s, %x\n", outcome(r), was ^ features.it.features[0].requested);
    CHECK(set.cmd == ETHTOOL_SFEATURES && set.block[0].valid == one);
    ROOMY(ethtool_link_settings, link);
    link.it.cmd = ETHTOOL_GLINKSETTINGS;
    printf("link settings: %s\n", outcome(ethtool(&link)));
    CHECK(link.it.cmd == ETHTOOL_GLINKSETTINGS);
    value = (struct ethtool_value){0x9999};
    CHECK(ethtool(&value) == -EOPNOTSUPP);
    CHECK(ethtool((void *)16) == -EFAULT);
    CHECK(ioctl(s, SIOCETHTOOL, (void *)16) == -1 && errno == EFAULT);
    /* What does not fit behind a structure at the end of memory. */
    char *two = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(two + 4096, 4096);
    struct ethtool_gstrings *last = (void *)(two + 4096 - sizeof *last);
    last->cmd = ETHTOOL_GSTRINGS, last->string_set = ETH_SS_FEATURES, last->len = count;
    CHECK(ethtool(last) == -EFAULT);
    strcpy(interface.ifr_name, "none");
    value = (struct ethtool_value){ETHTOOL_GLINK};
    CHECK(ethtool(&value) == -ENODEV);
}

int main(void)
{
    int alone = unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
    CHECK(alone);
    /* The machine's own network is left alone. */
    if (!alone)
        return t_done();
    s = socket(AF_INET, SOCK_DGRAM, 0);
    strcpy(interface.ifr_name, "lo");
    CHECK(ioctl(s, SIOCGIFFLAGS, &interface) == 0);
    interface.ifr_flags |= IFF_UP;
    CHECK(ioctl(s, SIOCSIFFLAGS, &interface) == 0);
    old_routes();
    new_routes();
    devices();
    return t_done();
}
