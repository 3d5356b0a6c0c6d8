/* Asks how many processors there are when it is loaded, in every way that libraries do, and for the numbers of its process and
   its thread, and keeps the numbers; with ROOMS it makes room for each processor, too. */

#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

static int counts[5];
static long wide;
static pid_t numbers[2];
static char *rooms;

__attribute__((constructor)) static void
ask(void)
{
    cpu_set_t set;
    counts[0] = (int)sysconf(_SC_NPROCESSORS_ONLN);
    counts[1] = (int)sysconf(_SC_NPROCESSORS_CONF);
    counts[2] = get_nprocs();
    counts[3] = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
    counts[4] = pthread_getaffinity_np(pthread_self(), sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
    wide = sysconf(_SC_NPROCESSORS_ONLN);
    numbers[0] = getpid();
    numbers[1] = gettid();
#ifdef ROOMS
    rooms = malloc(4096 * (size_t)counts[0]);
    memset(rooms, 1, 4096 * (size_t)counts[0]);
#endif
    memset(&set, 0, sizeof set);
}

int
count(int which)
{
    return which < 5 ? counts[which] : (int)wide;
}

int
number(int which)
{
    return numbers[which];
}

int
room_count(void)
{
    return rooms == NULL ? 0 : counts[0];
}
