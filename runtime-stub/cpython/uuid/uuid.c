/* uuid_generate_time_safe(): a version 1 UUID (RFC 4122) without libuuid.

   CPython's `uuid.uuid1()` and `uuid.getnode()` call this one function of libuuid
   when they can; without it they start `ip` and `ifconfig` to learn the machine's
   hardware address. libuuid itself is not used because it keeps its clock sequence
   and node in statics, which every process started from a snapshot would share,
   and because it writes a clock file and talks to a daemon.

   What makes a UUID unique here: within a process the time always grows; between
   processes on one machine the 14 random bits of the clock sequence, which are
   drawn anew for each UUID. Python's own fallback does the same. The only static is
   the time of the last UUID, and an old value of it does no harm. */

#include <net/if.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <fcntl.h>
#include "uuid.h"

/* 100 ns intervals from 1582-10-15, where RFC 4122 starts counting, to 1970-01-01. */
#define GREGORIAN_TO_UNIX UINT64_C(0x01B21DD213814000)

enum { NODE_SIZE = 6, INTERFACES_MAX = 64 };

static pthread_mutex_t last_time_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t last_time;

static uint64_t
next_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t time = GREGORIAN_TO_UNIX
        + (uint64_t)now.tv_sec * 10000000 + (uint64_t)now.tv_nsec / 100;
    pthread_mutex_lock(&last_time_lock);
    if (time <= last_time) {
        time = last_time + 1;
    }
    last_time = time;
    pthread_mutex_unlock(&last_time_lock);
    return time;
}

static void
random_bytes(unsigned char *out, size_t size)
{
    if (syscall(SYS_getrandom, out, size, 0) == (long)size) {
        return;
    }
    /* Linux before 3.17 */
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t count = read(fd, out, size);
        (void)count;
        close(fd);
    }
}

/* The hardware address of the first interface that has one, as libuuid does. */
static int
hardware_address(unsigned char node[NODE_SIZE])
{
    static const unsigned char none[NODE_SIZE];
    int found = 0;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return 0;
    }
    struct ifreq interfaces[INTERFACES_MAX];
    struct ifconf list = {.ifc_len = sizeof interfaces};
    list.ifc_req = interfaces;
    if (ioctl(fd, SIOCGIFCONF, &list) == 0) {
        int count = list.ifc_len / (int)sizeof interfaces[0];
        for (int index = 0; index < count && !found; index++) {
            if (ioctl(fd, SIOCGIFHWADDR, &interfaces[index]) != 0) {
                continue;
            }
            memcpy(node, interfaces[index].ifr_hwaddr.sa_data, NODE_SIZE);
            found = memcmp(node, none, NODE_SIZE) != 0;
        }
    }
    close(fd);
    return found;
}

int
uuid_generate_time_safe(uuid_t out)
{
    uint64_t time = next_time();
    unsigned char node[NODE_SIZE];
    unsigned char sequence[2];

    if (!hardware_address(node)) {
        random_bytes(node, NODE_SIZE);
        node[0] |= 0x01;            /* multicast: not a real address */
    }
    random_bytes(sequence, sizeof sequence);

    for (int index = 0; index < 4; index++) {
        out[index] = (unsigned char)(time >> (24 - 8 * index));       /* time_low */
    }
    out[4] = (unsigned char)(time >> 40);                             /* time_mid */
    out[5] = (unsigned char)(time >> 32);
    out[6] = (unsigned char)(0x10 | ((time >> 56) & 0x0f));           /* version 1 */
    out[7] = (unsigned char)(time >> 48);
    out[8] = (unsigned char)(0x80 | (sequence[0] & 0x3f));            /* RFC 4122 variant */
    out[9] = sequence[1];
    memcpy(out + 10, node, NODE_SIZE);
    return -1;
}
