/* Device control: terminals through a pseudo-terminal, files, sockets, random numbers, devices that are not there;
 * structures of every kind and the order of errors. */
#define _FILE_OFFSET_BITS 64
#include "t.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/if_tun.h>
#include <linux/loop.h>
#include <linux/random.h>
#include <linux/rtc.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void show_termios(const char *what, const struct termios *t)
{
    printf("%s %o %o %o %o line %d", what, t->c_iflag & (ICRNL | IXON | IXOFF | IUTF8 | BRKINT | INPCK | ISTRIP) ? 1 : 0,
           (unsigned)(t->c_oflag & OPOST), (unsigned)(t->c_cflag & CSIZE) == CS8, !!(t->c_lflag & ICANON), t->c_line);
    printf(" echo %d isig %d iexten %d tostop %d echoctl %d echoke %d", !!(t->c_lflag & ECHO), !!(t->c_lflag & ISIG),
           !!(t->c_lflag & IEXTEN), !!(t->c_lflag & TOSTOP), !!(t->c_lflag & ECHOCTL), !!(t->c_lflag & ECHOKE));
    printf(" cc %d %d %d %d %d %d %d %d %d %d %d\n", t->c_cc[VINTR], t->c_cc[VQUIT], t->c_cc[VERASE], t->c_cc[VKILL],
           t->c_cc[VEOF], t->c_cc[VMIN], t->c_cc[VTIME], t->c_cc[VSTART], t->c_cc[VSTOP], t->c_cc[VSUSP], t->c_cc[VWERASE]);
}

static void terminals(void)
{
    int m = -1, s = -1, n = 0;
    char name[64];
    CHECK(openpty(&m, &s, name, NULL, NULL) == 0 && isatty(m) && isatty(s));
    struct termios t;
    CHECK(tcgetattr(s, &t) == 0);
    show_termios("new:", &t);
    printf("speed %d\n", cfgetospeed(&t) == B38400);
    t.c_lflag |= TOSTOP;
    t.c_lflag &= ~(tcflag_t)ECHOCTL;
    t.c_cc[VMIN] = 7, t.c_cc[VTIME] = 9, t.c_cc[VEOF] = 5, t.c_cc[VINTR] = 11;
    CHECK(cfsetspeed(&t, B115200) == 0 && tcsetattr(s, TCSADRAIN, &t) == 0);
    memset(&t, 0xee, sizeof t);
    CHECK(tcgetattr(s, &t) == 0 && cfgetospeed(&t) == B115200);
    show_termios("set:", &t);
    cfmakeraw(&t);
    CHECK(tcsetattr(s, TCSAFLUSH, &t) == 0 && tcgetattr(s, &t) == 0);
    show_termios("raw:", &t);

    struct winsize w = {24, 80, 640, 480}, v = {0};
    CHECK(ioctl(m, TIOCSWINSZ, &w) == 0 && ioctl(s, TIOCGWINSZ, &v) == 0);
    printf("window %d %d %d %d\n", v.ws_row, v.ws_col, v.ws_xpixel, v.ws_ypixel);
    CHECK(ioctl(m, TIOCSWINSZ, (void *)8) == -1 && errno == EFAULT);
    CHECK(ioctl(m, TIOCGWINSZ, (void *)8) == -1 && errno == EFAULT);
    CHECK(ioctl(m, TIOCGPTN, &n) == 0 && n >= 0);
    n = -1;
    CHECK(ioctl(m, TIOCGPTLCK, &n) == 0 && n == 0);
    n = 1;
    CHECK(ioctl(m, TIOCSPTLCK, &n) == 0 && ioctl(m, TIOCGPTLCK, &n) == 0 && n == 1);
    n = 0;
    CHECK(ioctl(m, TIOCSPTLCK, &n) == 0);
    int peer = ioctl(m, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK(peer >= 0 && isatty(peer) && fcntl(peer, F_GETFD) == FD_CLOEXEC);
    close(peer);
    n = 1;
    CHECK(ioctl(m, TIOCPKT, &n) == 0);
    n = 0;
    CHECK(ioctl(m, TIOCGPKT, &n) == 0 && n == 1);
    n = 0;
    CHECK(ioctl(m, TIOCPKT, &n) == 0);
    CHECK(write(m, "abc", 3) == 3);
    n = -1;
    struct pollfd readable = {s, POLLIN, 0};
    CHECK(poll(&readable, 1, 5000) == 1 && ioctl(s, FIONREAD, &n) == 0 && n == 3);
    CHECK(ioctl(s, TCFLSH, TCIFLUSH) == 0 && ioctl(s, FIONREAD, &n) == 0 && n == 0);
    CHECK(ioctl(s, TIOCOUTQ, &n) == 0 && n == 0);
    CHECK(tcflow(s, TCOOFF) == 0 && tcflow(s, TCOON) == 0 && tcdrain(s) == 0 && tcsendbreak(m, 1) == 0);
    CHECK(ioctl(s, TIOCEXCL) == 0 && ioctl(s, TIOCGEXCL, &n) == 0 && n == 1 && ioctl(s, TIOCNXCL) == 0);
    CHECK(ioctl(s, TIOCGETD, &n) == 0 && n == 0 && ioctl(s, TIOCSETD, &n) == 0);
    CHECK(ioctl(s, TIOCGSID, &n) == -1 && errno == ENOTTY);
    CHECK(ioctl(s, TIOCMGET, &n) == -1 && (errno == ENOTTY || errno == EINVAL));
    CHECK(ttyname(s) && !strcmp(ttyname(s), name));

    /* the controlling terminal of another session */
    fflush(stdout);
    if (fork() == 0) {
        CHECK(setsid() > 0 && ioctl(s, TIOCSCTTY, 0) == 0);
        CHECK(tcgetsid(s) == getpid() && tcgetpgrp(s) == getpid());
        CHECK(tcsetpgrp(s, getpid()) == 0 && ioctl(s, TIOCNOTTY) == 0);
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    close(m), close(s);
}

static void files(void)
{
    int n = -1, fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0644);
    char block[8192];
    memset(block, 'x', sizeof block);
    CHECK(write(fd, block, sizeof block) == sizeof block && lseek(fd, 100, SEEK_SET) == 100);
    CHECK(ioctl(fd, FIONREAD, &n) == 0 && n == 8092);
    CHECK(ioctl(fd, FIONCLEX) == 0 && fcntl(fd, F_GETFD) == 0 && ioctl(fd, FIOCLEX) == 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
    n = 1;
    CHECK(ioctl(fd, FIONBIO, &n) == 0 && (fcntl(fd, F_GETFL) & O_NONBLOCK));
    n = 0;
    CHECK(ioctl(fd, FIONBIO, &n) == 0 && !(fcntl(fd, F_GETFL) & O_NONBLOCK));
    CHECK(ioctl(fd, FIGETBSZ, &n) == 0 && n >= 512);
    CHECK(fsync(fd) == 0);
    char room[sizeof(struct fiemap) + 4 * sizeof(struct fiemap_extent)] = {0};
    struct fiemap *map = (void *)room;
    map->fm_length = ~0ull, map->fm_extent_count = 4;
    if (ioctl(fd, FS_IOC_FIEMAP, map) == 0)
        printf("extents %d last %d length %d\n", map->fm_mapped_extents > 0,
               !!(map->fm_extents[map->fm_mapped_extents - 1].fe_flags & FIEMAP_EXTENT_LAST),
               map->fm_extents[map->fm_mapped_extents - 1].fe_logical + map->fm_extents[map->fm_mapped_extents - 1].fe_length >= 8192);
    else
        printf("no extents: %d\n", errno == EOPNOTSUPP);
    unsigned flags = 0xdeadbeef;
    printf("flags %d\n", ioctl(fd, FS_IOC_GETFLAGS, &flags) ? errno : (int)(flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)));
    struct fsxattr x = {0};
    printf("fsxattr %d\n", ioctl(fd, FS_IOC_FSGETXATTR, &x) ? errno == ENOTTY || errno == EOPNOTSUPP : x.fsx_projid == 0);
    int other = open("copy", O_RDWR | O_CREAT | O_TRUNC, 0644);
    struct file_clone_range range = {.src_fd = fd, .src_length = 4096};
    CHECK(ioctl(other, FICLONE, fd) == 0 || errno == EOPNOTSUPP || errno == EXDEV || errno == EINVAL);
    CHECK(ioctl(other, FICLONERANGE, &range) == 0 || errno == EOPNOTSUPP || errno == EXDEV || errno == EINVAL);
    char dedupe_room[sizeof(struct file_dedupe_range) + 2 * sizeof(struct file_dedupe_range_info)] = {0};
    struct file_dedupe_range *dedupe = (void *)dedupe_room;
    dedupe->src_length = 4096, dedupe->dest_count = 2;
    dedupe->info[0].dest_fd = other, dedupe->info[1].dest_fd = -1;
    int result = ioctl(fd, FIDEDUPERANGE, dedupe);
    printf("dedupe %d\n", result == 0 ? dedupe->info[1].status < 0 : errno == EOPNOTSUPP || errno == ENOTTY || errno == EINVAL);
    /* the order of errors */
    struct winsize w;
    struct termios t;
    CHECK(ioctl(fd, TIOCGWINSZ, &w) == -1 && errno == ENOTTY);
    CHECK(ioctl(fd, TIOCSWINSZ, (void *)8) == -1 && errno == ENOTTY);
    CHECK(ioctl(-1, TIOCSWINSZ, (void *)8) == -1 && errno == EBADF);
    CHECK(ioctl(fd, TCSETS, (void *)8) == -1 && errno == ENOTTY);
    CHECK(tcgetattr(fd, &t) == -1 && errno == ENOTTY && tcsetattr(fd, TCSANOW, &t) == -1 && errno == ENOTTY);
    CHECK(ioctl(fd, FIONREAD, (void *)8) == -1 && errno == EFAULT);
    CHECK(ioctl(fd, FIONBIO, (void *)8) == -1 && errno == EFAULT);
    CHECK(ioctl(fd, 0x7fff1234, &w) == -1 && errno == ENOTTY && ioctl(77, 0x7fff1234, &w) == -1 && errno == EBADF);
    unsigned long sectors;
    uint64_t bytes;
    CHECK(ioctl(fd, BLKGETSIZE, &sectors) == -1 && errno == ENOTTY && ioctl(fd, BLKGETSIZE64, &bytes) == -1 && errno == ENOTTY);
    CHECK(ioctl(fd, LOOP_CLR_FD) == -1 && errno == ENOTTY && ioctl(fd, RTC_RD_TIME, &bytes) == -1 && errno == ENOTTY);
    close(fd), close(other);
    int p[2];
    CHECK(pipe(p) == 0 && write(p[1], "12345", 5) == 5 && ioctl(p[0], FIONREAD, &n) == 0 && n == 5);
    close(p[0]), close(p[1]);
    int random = open("/dev/urandom", O_RDONLY);
    n = -1;
    CHECK(ioctl(random, RNDGETENTCNT, &n) == 0 && n >= 0 && n <= 4096);
    close(random);
    int vsock = open("/dev/vsock", O_RDONLY);
    unsigned cid = 0;
    CHECK(vsock == -1 || ioctl(vsock, IOCTL_VM_SOCKETS_GET_LOCAL_CID, &cid) == 0 && cid != 0);
    close(vsock);
}

static void sockets(void)
{
    int s = socket(AF_INET, SOCK_DGRAM, 0), n = -1;
    struct ifreq r = {0};
    strcpy(r.ifr_name, "lo");
    CHECK(ioctl(s, SIOCGIFINDEX, &r) == 0 && r.ifr_ifindex == (int)if_nametoindex("lo"));
    struct ifreq name = {.ifr_ifindex = r.ifr_ifindex};
    CHECK(ioctl(s, SIOCGIFNAME, &name) == 0 && !strcmp(name.ifr_name, "lo"));
    CHECK(ioctl(s, SIOCGIFFLAGS, &r) == 0 && (r.ifr_flags & IFF_LOOPBACK));
    int up = r.ifr_flags & IFF_UP;
    CHECK(ioctl(s, SIOCGIFMTU, &r) == 0 && r.ifr_mtu == 65536);
    CHECK(ioctl(s, SIOCGIFHWADDR, &r) == 0 && r.ifr_hwaddr.sa_family == 772);
    CHECK(ioctl(s, SIOCGIFMAP, &r) == 0 && r.ifr_map.mem_start == 0 && r.ifr_map.irq == 0);
    CHECK(ioctl(s, SIOCGIFTXQLEN, &r) == 0 && r.ifr_qlen >= 0);
    if (up) {
        struct sockaddr_in *in = (void *)&r.ifr_addr;
        CHECK(ioctl(s, SIOCGIFADDR, &r) == 0 && in->sin_family == AF_INET && !strcmp(inet_ntoa(in->sin_addr), "127.0.0.1"));
        CHECK(ioctl(s, SIOCGIFNETMASK, &r) == 0 && !strcmp(inet_ntoa(in->sin_addr), "255.0.0.0"));
    }
    strcpy(r.ifr_name, "none0");
    CHECK(ioctl(s, SIOCGIFFLAGS, &r) == -1 && errno == ENODEV);
    struct ifconf all = {0};
    CHECK(ioctl(s, SIOCGIFCONF, &all) == 0 && all.ifc_len % sizeof(struct ifreq) == 0);
    int wanted = all.ifc_len, lo = 0;
    struct ifreq list[64];
    all.ifc_len = sizeof list, all.ifc_req = list;
    CHECK(ioctl(s, SIOCGIFCONF, &all) == 0 && all.ifc_len == wanted);
    for (unsigned i = 0; i < all.ifc_len / sizeof list[0]; i++)
        if (!strcmp(list[i].ifr_name, "lo"))
            lo = ((struct sockaddr_in *)&list[i].ifr_addr)->sin_addr.s_addr == htonl(INADDR_LOOPBACK)
                 && list[i].ifr_addr.sa_family == AF_INET;
    printf("lo in the list %d of %d\n", lo, wanted > 0);
    CHECK(ioctl(s, FIONREAD, &n) == 0 && n == 0);
    struct timeval tv;
    CHECK(ioctl(s, 0x8906, &tv) == -1 && (errno == ENOENT || errno == ENOTTY));
    int pair[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && write(pair[0], "1234", 4) == 4);
    CHECK(ioctl(pair[1], FIONREAD, &n) == 0 && n == 4 && ioctl(pair[0], TIOCOUTQ, &n) == 0 && n > 0);
    n = -1;
    int tcp = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(ioctl(tcp, SIOCATMARK, &n) == 0 && n == 0);
    n = getpid();
    CHECK(ioctl(tcp, SIOCSPGRP, &n) == 0);
    n = 0;
    CHECK(ioctl(tcp, SIOCGPGRP, &n) == 0 && n == getpid());
    close(s), close(tcp), close(pair[0]), close(pair[1]);
}

int main(void)
{
    terminals();
    files();
    sockets();
    return t_done();
}
