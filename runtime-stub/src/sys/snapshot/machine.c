/* The simulated machine in which a snapshot is recorded: its clock, its randomness, its names, so that equal input gives equal
   bytes, and a second recording with another machine shows what depends on it. And what of OpenSSL each process must do
   for itself.

   Each `__wrap_` function stands in the program where the C library's is called (`wrapped.txt`); libraries that are
   mapped from the payload call it by its `_PyFreeze_` name. */

#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "process.h"

/* 0 or 1 while a snapshot is recorded, else -1. */
static int machine OF_THE_PROCESS = -1;
static uint64_t drawn OF_THE_PROCESS = 0;
static uint64_t milliseconds OF_THE_PROCESS = 0;

/* ---- who asks for what ----------------------------------------------------------------------------------------- */

extern void pyfreeze_current_module(char *name, size_t size);

#define EVENTS_SIZE (4UL << 20)

static char *events OF_THE_PROCESS = NULL;
static size_t events_size OF_THE_PROCESS = 0;
size_t pyfreeze_events_taken OF_THE_PROCESS = 0;

/* Notes that the module whose body runs has asked for a fact of the machine: a line "kind module detail". */
void
pyfreeze_note(const char *kind, const char *detail)
{
    char module[256], line[1024];
    if (events == NULL) {
        return;
    }
    int error = errno;
    pyfreeze_current_module(module, sizeof module);
    if (module[0] == '\0') {
        errno = error;
        return;
    }
    int size = snprintf(line, sizeof line - 1, "%s %s %s", kind, module, detail);
    size_t length = size < 0 ? 0 : (size_t)size < sizeof line - 1 ? (size_t)size : sizeof line - 2;
    for (size_t i = 0; i < length; i++) {
        line[i] = line[i] == '\n' ? ' ' : line[i];
    }
    line[length++] = '\n';
    line[length] = '\0';
    if (events_size + length < EVENTS_SIZE && strstr(events, line) == NULL) {
        memcpy(events + events_size, line, length);
        events_size += length;
    }
    errno = error;
}

void pyfreeze_note_group(int is_asked);

const char *
pyfreeze_events(size_t *size)
{
    pyfreeze_note_group(0);
    *size = events_size;
    return events == NULL ? "" : events;
}

/* ---- the simulated machine ------------------------------------------------------------------------------------- */

/* The machine of this number from its first moment. */
static void
simulate(int number)
{
    machine = number;
    drawn = number == 0 ? 0x5851f42d4c957f2d : 0xa0761d6478bd642f;
    milliseconds = 0;
}

void
pyfreeze_simulate_machine(int variant)
{
    void *room = mmap(NULL, EVENTS_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    events = room == MAP_FAILED ? NULL : room;
    simulate(variant);
}

/* From here on the facts are the machine's own: for children that try the program out. */
void
pyfreeze_leave_machine(void)
{
    machine = -1;
}

/* The number of the simulated machine; -1 if there is none. */
int
pyfreeze_machine(void)
{
    return machine;
}

static inline int
is_simulated(const char *kind, const char *detail)
{
    if (__builtin_expect(machine < 0, 1)) {
        return 0;
    }
    pyfreeze_note(kind, detail);
    return 1;
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t
draw(void)
{
    uint64_t z = drawn += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static void
fill(char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (char)draw();
    }
}

/* Numbers that a recorded process is told, `ToldNumber` of the format, and what such a machine's are (numbers.rs). */
enum { ONLINE = 1, CONFIGURED = 2, ALLOWED = 3, PROCESS = 5 };
extern int pyfreeze_told_number(int number, int machine);

static pid_t
simulated_pid(void)
{
    return pyfreeze_told_number(PROCESS, machine);
}

static struct timespec
simulated_time(clockid_t clock)
{
    static const time_t base[2] = {1700000000, 1823456789};
    milliseconds++;
    int is_wall_time = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
    time_t seconds = is_wall_time ? base[machine] : 1000 + 70000 * machine;
    struct timespec result = {seconds + (time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000 + 7};
    return result;
}

extern int __real_clock_gettime(clockid_t, struct timespec *);
int
__wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
    if (is_simulated("clock", "")) {
        *time = simulated_time(clock);
        return 0;
    }
    return __real_clock_gettime(clock, time);
}
int _PyFreeze_clock_gettime(clockid_t, struct timespec *) FOR_LIBRARIES("__wrap_clock_gettime");

/* Until a time of the simulated clock is as long as it is from there. */
extern int __real_clock_nanosleep(clockid_t, int, const struct timespec *, struct timespec *);
int
__wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *rest)
{
    if (machine < 0 || (flags & TIMER_ABSTIME) == 0) {
        return __real_clock_nanosleep(clock, flags, until, rest);
    }
    struct timespec now = simulated_time(clock);
    struct timespec span = {until->tv_sec - now.tv_sec, until->tv_nsec - now.tv_nsec};
    if (span.tv_nsec < 0) {
        span.tv_sec--;
        span.tv_nsec += 1000000000;
    }
    if (span.tv_sec < 0) {
        return 0;
    }
    milliseconds += (uint64_t)span.tv_sec * 1000 + (uint64_t)span.tv_nsec / 1000000;
    return __real_clock_nanosleep(clock, 0, &span, rest);
}

extern int __real_gettimeofday(struct timeval *, void *);
int
__wrap_gettimeofday(struct timeval *time, void *zone)
{
    if (is_simulated("clock", "")) {
        struct timespec now = simulated_time(CLOCK_REALTIME);
        time->tv_sec = now.tv_sec;
        time->tv_usec = now.tv_nsec / 1000;
        return 0;
    }
    return __real_gettimeofday(time, zone);
}
int _PyFreeze_gettimeofday(struct timeval *, void *) FOR_LIBRARIES("__wrap_gettimeofday");

extern time_t __real_time(time_t *);
time_t
__wrap_time(time_t *place)
{
    if (is_simulated("clock", "")) {
        time_t now = simulated_time(CLOCK_REALTIME).tv_sec;
        if (place != NULL) {
            *place = now;
        }
        return now;
    }
    return __real_time(place);
}
time_t _PyFreeze_time(time_t *) FOR_LIBRARIES("__wrap_time");

long __wrap_syscall(long, long, long, long, long, long, long);

/* By the system call: glibc has neither function before 2.25. */
ssize_t
__wrap_getrandom(void *bytes, size_t size, unsigned flags)
{
    return __wrap_syscall(SYS_getrandom, (long)bytes, (long)size, (long)flags, 0, 0, 0);
}

int
__wrap_getentropy(void *bytes, size_t size)
{
    if (size > 256) {
        errno = EIO;
        return -1;
    }
    return __wrap_syscall(SYS_getrandom, (long)bytes, (long)size, 0, 0, 0, 0) == (long)size ? 0 : -1;
}

/* Of Linux 5.6 (linux/random.h). */
#ifndef GRND_INSECURE
#define GRND_INSECURE 4
#endif

/* The interpreter's, of which the hash of every text is made: the bytes of _Py_HashSecret_t (Include/cpython/pyhash.h). */
extern const unsigned char _Py_HashSecret[24];

/* As one function with six arguments: the kernel takes no more, and a variadic call passes them alike. */
extern long __real_syscall(long, long, long, long, long, long, long);
long
__wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
    if (__builtin_expect(machine >= 0, 0)) {
        if (number == SYS_getrandom && (c & GRND_INSECURE) != 0) {
            /* Not for secrets, says who asks: seeds of hash tables, which all processes of a program will share. They come
               from the seed for hashes of texts, and with it from the payload. */
            pyfreeze_note("hash-seed", "");
            for (long i = 0; i < b; i++) {
                ((unsigned char *)a)[i] = _Py_HashSecret[(size_t)i % sizeof _Py_HashSecret];
            }
            return b;
        }
        if (number == SYS_getrandom && is_simulated("entropy", "")) {
            fill((char *)a, (size_t)b);
            return b;
        }
        if (number == SYS_gettid && is_simulated("pid", "")) {
            return simulated_pid();
        }
    }
    return __real_syscall(number, a, b, c, d, e, f);
}
long _PyFreeze_syscall(long, long, long, long, long, long, long) FOR_LIBRARIES("__wrap_syscall");

/* Whether a library asks for randomness only to spread its hash tables: its code lies there. */
extern int pyfreeze_only_hashes(const void *code);

__attribute__((visibility("default"))) ssize_t
_PyFreeze_getrandom(void *bytes, size_t size, unsigned flags)
{
    if (__builtin_expect(machine >= 0, 0) && pyfreeze_only_hashes(__builtin_return_address(0))) {
        flags |= GRND_INSECURE;
    }
    return __wrap_getrandom(bytes, size, flags);
}

__attribute__((visibility("default"))) int
_PyFreeze_getentropy(void *bytes, size_t size)
{
    if (__builtin_expect(machine >= 0, 0) && pyfreeze_only_hashes(__builtin_return_address(0))) {
        return __wrap_syscall(SYS_getrandom, (long)bytes, (long)size, GRND_INSECURE, 0, 0, 0) == (long)size ? 0 : -1;
    }
    return __wrap_getentropy(bytes, size);
}

/* A recorded library must not keep who its standard streams are. */
static int
of_no_stream(int result, int descriptor, struct stat *status)
{
    if (result == 0 && machine >= 0 && descriptor <= 2) {
        status->st_dev = 0;
        status->st_ino = 0;
        status->st_uid = 0;
        status->st_gid = 0;
        memset(&status->st_atim, 0, sizeof status->st_atim);
        memset(&status->st_mtim, 0, sizeof status->st_mtim);
        memset(&status->st_ctim, 0, sizeof status->st_ctim);
    }
    return result;
}

__attribute__((visibility("default"))) int
_PyFreeze_fstat(int descriptor, struct stat *status)
{
    return of_no_stream((int)__wrap_syscall(SYS_fstat, descriptor, (long)status, 0, 0, 0, 0), descriptor, status);
}
int _PyFreeze_fstat64(int, struct stat *) FOR_LIBRARIES("_PyFreeze_fstat");

__attribute__((visibility("default"))) int
_PyFreeze___fxstat(int version, int descriptor, struct stat *status)
{
    (void)version;
    return _PyFreeze_fstat(descriptor, status);
}
int _PyFreeze___fxstat64(int, int, struct stat *) FOR_LIBRARIES("_PyFreeze___fxstat");

extern pid_t __real_getpid(void);
pid_t
__wrap_getpid(void)
{
    return is_simulated("pid", "") ? simulated_pid() : __real_getpid();
}
pid_t _PyFreeze_getpid(void) FOR_LIBRARIES("__wrap_getpid");

/* Only libraries call it: glibc has no such function before 2.30. */
__attribute__((visibility("default"))) pid_t
_PyFreeze_gettid(void)
{
    return (pid_t)__wrap_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

extern pid_t __real_getppid(void);
pid_t
__wrap_getppid(void)
{
    return is_simulated("pid", "") ? simulated_pid() + 2 : __real_getppid();
}
pid_t _PyFreeze_getppid(void) FOR_LIBRARIES("__wrap_getppid");

#define SIMULATED_USER(name)                                                           \
    extern uid_t __real_##name(void);                                                  \
    uid_t __wrap_##name(void)                                                          \
    {                                                                                  \
        return is_simulated("user", "") ? 3000000000 + (uid_t)machine : __real_##name(); \
    }                                                                                  \
    uid_t _PyFreeze_##name(void) FOR_LIBRARIES("__wrap_" #name);

SIMULATED_USER(getuid)
SIMULATED_USER(geteuid)
SIMULATED_USER(getgid)
SIMULATED_USER(getegid)

extern int __real_uname(struct utsname *);
int
__wrap_uname(struct utsname *name)
{
    int result = __real_uname(name);
    if (result == 0 && is_simulated("machine", "uname")) {
        memset(name->nodename, 0, sizeof name->nodename);
        memset(name->release, 0, sizeof name->release);
        memset(name->version, 0, sizeof name->version);
        memset(name->domainname, 0, sizeof name->domainname);
        memcpy(name->nodename, machine == 0 ? "machine-a" : "machine-b", 9);
        memcpy(name->release, machine == 0 ? "5.10.7" : "6.12.9", 6);
        memcpy(name->version, machine == 0 ? "#1" : "#2", 2);
    }
    return result;
}
int _PyFreeze_uname(struct utsname *) FOR_LIBRARIES("__wrap_uname");

extern int __real_gethostname(char *, size_t);
int
__wrap_gethostname(char *name, size_t size)
{
    if (is_simulated("machine", "gethostname")) {
        strncpy(name, machine == 0 ? "machine-a" : "machine-b", size);
        return 0;
    }
    return __real_gethostname(name, size);
}
int _PyFreeze_gethostname(char *, size_t) FOR_LIBRARIES("__wrap_gethostname");

/* Notes that a variable is read; true if it is not there for who reads it, being OpenSSL's for other certificates than the host's:
   whatever it says, what is loaded is shown by the comparison. */
static int
is_withheld(const char *name)
{
    if (__builtin_expect(machine < 0, 1)) {
        return 0;
    }
    int is_for_certificates = strcmp(name, "SSL_CERT_FILE") == 0 || strcmp(name, "SSL_CERT_DIR") == 0;
    pyfreeze_note(is_for_certificates ? "certificates" : "env", is_for_certificates ? "" : name);
    return is_for_certificates;
}

/* With glibc OpenSSL asks the second function, with musl the first. */
#define ASKING(function)                                              \
    extern char *__real_##function(const char *);                     \
    char *__wrap_##function(const char *name)                         \
    {                                                                 \
        return is_withheld(name) ? NULL : __real_##function(name);    \
    }                                                                 \
    char *_PyFreeze_##function(const char *) FOR_LIBRARIES("__wrap_" #function);

ASKING(getenv)
ASKING(secure_getenv)

extern char *__real_getcwd(char *, size_t);
char *
__wrap_getcwd(char *place, size_t size)
{
    is_simulated("working-folder", "");
    return __real_getcwd(place, size);
}
char *_PyFreeze_getcwd(char *, size_t) FOR_LIBRARIES("__wrap_getcwd");

/* Whether the library in which this code lies is told again by every process how many there are (resume.rs). */
extern int pyfreeze_is_told_again(const void *code);

/* How many processors there are of what is counted, for the library that calls from `caller`. Null is the interpreter, and
   there is one: what modules make of a number in Python nobody recognises, so that those which ask are not in, or are told
   again. 0 if the machine is to say so itself. */
static int
simulated_processors(int counted, const void *caller)
{
    if (__builtin_expect(machine < 0, 1)) {
        return 0;
    }
    if (caller == NULL) {
        pyfreeze_note("machine", "processors");
        return 1;
    }
    if (pyfreeze_is_told_again(caller)) {
        return 1;
    }
    pyfreeze_note("processors", "");
    return pyfreeze_told_number(counted, machine);
}

extern long __real_sysconf(int);
static long
configuration(int name, const void *caller)
{
    int count = 0;
    if (name == _SC_NPROCESSORS_ONLN || name == _SC_NPROCESSORS_CONF) {
        count = simulated_processors(name == _SC_NPROCESSORS_ONLN ? ONLINE : CONFIGURED, caller);
    }
    else if (name == _SC_PHYS_PAGES || name == _SC_AVPHYS_PAGES) {
        is_simulated("machine", "memory");
    }
    return count == 0 ? __real_sysconf(name) : count;
}

long
__wrap_sysconf(int name)
{
    return configuration(name, NULL);
}

__attribute__((visibility("default"))) long
_PyFreeze_sysconf(int name)
{
    return configuration(name, __builtin_return_address(0));
}

/* Only libraries call these two. */
__attribute__((visibility("default"))) int
_PyFreeze_get_nprocs(void)
{
    return (int)configuration(_SC_NPROCESSORS_ONLN, __builtin_return_address(0));
}

__attribute__((visibility("default"))) int
_PyFreeze_get_nprocs_conf(void)
{
    return (int)configuration(_SC_NPROCESSORS_CONF, __builtin_return_address(0));
}

/* That a library has asked for the group of processes that this one is in, and was told of none. */
static int is_group_asked OF_THE_PROCESS = 0;

/* What it wants of the group only shows next: Rust's standard library looks for the time that its processes may take of the
   processors, and then asks for these. */
void
pyfreeze_note_group(int is_asked)
{
    int was_asked = is_group_asked;
    is_group_asked = is_asked;
    if (was_asked) {
        pyfreeze_note("file", "/proc/self/cgroup");
    }
}

extern int __real_sched_getaffinity(pid_t, size_t, cpu_set_t *);
static int
affinity(pid_t pid, size_t size, cpu_set_t *set, const void *caller)
{
    int count = simulated_processors(ALLOWED, caller);
    if (count == 0) {
        return __real_sched_getaffinity(pid, size, set);
    }
    if (is_group_asked) {
        is_group_asked = 0;
        pyfreeze_note("processors", "quota");
    }
    memset(set, 0, size);
    for (int i = 0; i < count && (size_t)i < 8 * size; i++) {
        CPU_SET_S(i, size, set);
    }
    /* The C library's function gives 0, also where the system call gives a size. */
    return 0;
}

int
__wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
    return affinity(pid, size, set, NULL);
}

__attribute__((visibility("default"))) int
_PyFreeze_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
    return affinity(pid, size, set, __builtin_return_address(0));
}

/* The C library's own, for a thread: recorded processes have none but the first. */
extern int pthread_getaffinity_np(pthread_t, size_t, cpu_set_t *);
__attribute__((visibility("default"))) int
_PyFreeze_pthread_getaffinity_np(pthread_t thread, size_t size, cpu_set_t *set)
{
    if (machine >= 0) {
        return affinity(0, size, set, __builtin_return_address(0));
    }
    return pthread_getaffinity_np(pyfreeze_real_thread(thread), size, set);
}

/* A recorded process has no terminal. That a module knows this of a standard stream is compared at the start; of other files
   it is no news, for opening them is noted. */
extern int __real_isatty(int);
int
__wrap_isatty(int descriptor)
{
    static const char *const names[] = {"0", "1", "2"};
    int result = __real_isatty(descriptor);
    if (__builtin_expect(machine >= 0, 0) && descriptor >= 0 && descriptor <= 2) {
        pyfreeze_note(result ? "terminal" : "no-terminal", names[descriptor]);
    }
    return result;
}
int _PyFreeze_isatty(int) FOR_LIBRARIES("__wrap_isatty");

void
pyfreeze_note_thread(void)
{
    is_simulated("thread", "");
}

/* ---- the stack ------------------------------------------------------------------------------------------------ */

/* Writes zeros where the functions that are called next will have their variables. */
__attribute__((noinline)) void
pyfreeze_clear_stack(void)
{
    volatile char room[1 << 17];
    for (size_t i = 0; i < sizeof room; i++) {
        room[i] = 0;
    }
}

/* ---- OpenSSL -------------------------------------------------------------------------------------------------- */

/* OpenSSL reads its configuration once, at first use. A recorded process must not have another machine's: it finds none
   (open.rs hides the file), and a resumed process reads its own where what it says can matter first. */
static int is_configuration_due;

extern int CONF_modules_load_file(const char *file, const char *application, unsigned long flags);

/* As openssl_config_int() has it (crypto/conf/conf_sap.c; include/openssl/conf.h for the flags). */
#define CONF_MFLAGS_IGNORE_MISSING_FILE 0x10
#define CONF_MFLAGS_DEFAULT_SECTION 0x20
#define CONF_MFLAGS_IGNORE_RETURN_CODES 0x2

/* While recording: the configuration was wanted. */
void
pyfreeze_configuration_due(void)
{
    is_configuration_due = 1;
}

static void
configure(void)
{
    if (__builtin_expect(is_configuration_due, 0) && !pyfreeze_is_recording()) {
        is_configuration_due = 0;
        CONF_modules_load_file(NULL, NULL,
                               CONF_MFLAGS_IGNORE_MISSING_FILE | CONF_MFLAGS_DEFAULT_SECTION |
                                   CONF_MFLAGS_IGNORE_RETURN_CODES);
    }
}

#define CONFIGURED(result, name, parameters, arguments) \
    extern result __real_##name parameters;             \
    result __wrap_##name parameters                     \
    {                                                   \
        configure();                                    \
        return __real_##name arguments;                 \
    }

CONFIGURED(void *, SSL_CTX_new, (const void *method), (method))
CONFIGURED(void *, EVP_MD_fetch, (void *context, const char *name, const char *properties),
           (context, name, properties))
CONFIGURED(void *, EVP_MAC_fetch, (void *context, const char *name, const char *properties),
           (context, name, properties))

/* By this number OpenSSL's random generators notice that they live in another process and seed themselves anew
   (crypto/threads_pthread.c). The process's own number is not enough: in containers all have the same. */
static unsigned fork_salt OF_THE_PROCESS = 0;

/* Whether there is one. */
static int has_generators OF_THE_PROCESS = 0;

int
__wrap_openssl_get_fork_id(void)
{
    has_generators = 1;
    return machine < 0 ? (int)((unsigned)__real_getpid() ^ fork_salt) : 0;
}

typedef struct evp_rand_ctx_st EVP_RAND_CTX;
extern EVP_RAND_CTX *RAND_get0_primary(void *context);
extern EVP_RAND_CTX *RAND_get0_public(void *context);
extern EVP_RAND_CTX *RAND_get0_private(void *context);
extern int EVP_RAND_instantiate(EVP_RAND_CTX *, unsigned strength, int prediction_resistance, const unsigned char *text,
                                size_t text_size, const void *parameters);
extern int EVP_RAND_uninstantiate(EVP_RAND_CTX *);
extern int EVP_RAND_generate(EVP_RAND_CTX *, unsigned char *bytes, size_t size, unsigned strength,
                             int prediction_resistance, const unsigned char *input, size_t input_size);

/* While recording: leaves the generators without a seed, so that each takes one when it is asked for its first number
   (providers/implementations/rands/drbg.c). What they keep nevertheless (keys of ciphers, the time) is made that of one
   machine for all recordings by a seed that everybody knows. -1 if there are some and they refuse. */
int
pyfreeze_forget_generators(void)
{
    if (!has_generators) {
        return 0;
    }
    int own_machine = machine;
    simulate(0);
    EVP_RAND_CTX *generators[] = {RAND_get0_primary(NULL), RAND_get0_public(NULL), RAND_get0_private(NULL)};
    enum { COUNT = sizeof generators / sizeof *generators };
    int is_done = 1;
    for (int i = 0; i < COUNT; i++) {
        unsigned char byte;
        is_done &= EVP_RAND_uninstantiate(generators[i]) && EVP_RAND_instantiate(generators[i], 0, 0, NULL, 0, NULL) &&
                   EVP_RAND_generate(generators[i], &byte, 1, 0, 0, NULL, 0);
    }
    for (int i = COUNT; i-- > 0;) {
        is_done &= EVP_RAND_uninstantiate(generators[i]);
    }
    simulate(own_machine);
    return is_done ? 0 : -1;
}

/* `random` is random; the salt it gives differs from any recording's, which is 0. */
void
pyfreeze_salt_fork_id(uint64_t random)
{
    /* Process numbers have 22 bits: no number and salt of one process give those of another without this bit. */
    fork_salt = (unsigned)random | 0x80000000u;
}
