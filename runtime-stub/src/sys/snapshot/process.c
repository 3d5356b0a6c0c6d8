/* What a process has from the C library and a snapshot can't carry along: the main thread's identity, thread-specific
   data, functions to call at exit and around fork.

   Each `__wrap_` function stands in the program where the C library's is called (`wrapped.txt`); libraries that are
   mapped from the payload call it by its `_PyFreeze_` name.

   Sources: POSIX pthreads; glibc's nptl for the thread pointer as pthread_t (sysdeps/x86_64/nptl/tls.h); the Itanium
   C++ ABI, 3.3.5, for __cxa_atexit. */

#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>

#include "process.h"

/* ---- the main thread's identity ----------------------------------------------------------------------------- */

/* What pthread_self() answers in the main thread of a recorded or resumed process: no address that anybody has. */
#define MAIN_THREAD 0x0fffffff0000UL

static uintptr_t main_thread OF_THE_PROCESS = 0;

static inline uintptr_t
thread_pointer(void)
{
    uintptr_t pointer;
    __asm__("mov %%fs:0, %0" : "=r"(pointer));
    return pointer;
}

static inline pthread_t
real(pthread_t thread)
{
    return (uintptr_t)thread == MAIN_THREAD ? (pthread_t)main_thread : thread;
}

pthread_t
pyfreeze_real_thread(pthread_t thread)
{
    return real(thread);
}

/* From here on, this thread is known by a name that is the same in every process. */
void
pyfreeze_name_main_thread(void)
{
    main_thread = thread_pointer();
}

pthread_t
__wrap_pthread_self(void)
{
    uintptr_t own = thread_pointer();
    return (pthread_t)(own == main_thread ? MAIN_THREAD : own);
}
pthread_t _PyFreeze_pthread_self(void) FOR_LIBRARIES("__wrap_pthread_self");

int
__wrap_pthread_equal(pthread_t first, pthread_t second)
{
    return real(first) == real(second);
}
int _PyFreeze_pthread_equal(pthread_t, pthread_t) FOR_LIBRARIES("__wrap_pthread_equal");

#define TRANSLATED(result, name, parameters, arguments)      \
    extern result __real_##name parameters;                  \
    result __wrap_##name parameters                          \
    {                                                        \
        return __real_##name arguments;                      \
    }                                                        \
    result _PyFreeze_##name parameters FOR_LIBRARIES("__wrap_" #name);

TRANSLATED(int, pthread_kill, (pthread_t thread, int signal), (real(thread), signal))
TRANSLATED(int, pthread_detach, (pthread_t thread), (real(thread)))
TRANSLATED(int, pthread_getcpuclockid, (pthread_t thread, clockid_t *clock), (real(thread), clock))

/* Only libraries call these; the program has no stub of them to wrap. */
extern int pthread_cancel(pthread_t);
extern int pthread_getattr_np(pthread_t, pthread_attr_t *);
extern int pthread_setname_np(pthread_t, const char *);
extern int pthread_getname_np(pthread_t, char *, size_t);
extern int pthread_setaffinity_np(pthread_t, size_t, const cpu_set_t *);
extern int pthread_getschedparam(pthread_t, int *, struct sched_param *);
extern int pthread_setschedparam(pthread_t, int, const struct sched_param *);

#define TRANSLATED_FOR_LIBRARIES(name, parameters, arguments) \
    __attribute__((visibility("default"))) int                \
    _PyFreeze_##name parameters                               \
    {                                                         \
        return name arguments;                                \
    }

TRANSLATED_FOR_LIBRARIES(pthread_cancel, (pthread_t thread), (real(thread)))
TRANSLATED_FOR_LIBRARIES(pthread_getattr_np, (pthread_t thread, pthread_attr_t *attributes),
                         (real(thread), attributes))
TRANSLATED_FOR_LIBRARIES(pthread_setname_np, (pthread_t thread, const char *name), (real(thread), name))
TRANSLATED_FOR_LIBRARIES(pthread_getname_np, (pthread_t thread, char *name, size_t size), (real(thread), name, size))
TRANSLATED_FOR_LIBRARIES(pthread_setaffinity_np, (pthread_t thread, size_t size, const cpu_set_t *set),
                         (real(thread), size, set))
TRANSLATED_FOR_LIBRARIES(pthread_getschedparam, (pthread_t thread, int *policy, struct sched_param *parameter),
                         (real(thread), policy, parameter))
TRANSLATED_FOR_LIBRARIES(pthread_setschedparam, (pthread_t thread, int policy, const struct sched_param *parameter),
                         (real(thread), policy, parameter))

/* ---- threads that are not needed yet -------------------------------------------------------------------------- */

static int are_withheld OF_THE_PROCESS = 0;

extern int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *), void *argument)
{
    if (are_withheld) {
        *thread = 0;
        return 0;
    }
    pyfreeze_note_thread();
    return __real_pthread_create(thread, attributes, function, argument);
}
int _PyFreeze_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *)
    FOR_LIBRARIES("__wrap_pthread_create");

extern int __real_pthread_join(pthread_t, void **);
int
__wrap_pthread_join(pthread_t thread, void **result)
{
    return are_withheld ? 0 : __real_pthread_join(real(thread), result);
}
int _PyFreeze_pthread_join(pthread_t, void **) FOR_LIBRARIES("__wrap_pthread_join");

/* Tells a library how many threads it may use, by its own `set`. It would start them at once, and they would spin beside a
   program that may never have work for them; so it only believes that it has, until `prepare_fork`, which it has registered
   to be called before a fork, ends them: after a fork libraries start threads when they need them. */
void
pyfreeze_set_thread_count(void (*set)(int), int count, void (*prepare_fork)(void))
{
    are_withheld = prepare_fork != NULL;
    set(count);
    if (prepare_fork != NULL) {
        prepare_fork();
    }
    are_withheld = 0;
}

/* ---- thread-specific data ------------------------------------------------------------------------------------ */

/* Keys of our own: the C library's have numbers that depend on what else a process has. Those that don't fit are the C
   library's with higher numbers, but not while recording. */
#define KEY_COUNT 128

typedef void destructor_function(void *);

static struct {
    pthread_mutex_t mutex;
    struct {
        unsigned generation; /* odd while the key exists */
        destructor_function *destructor;
    } keys[KEY_COUNT];
} table = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static __thread struct {
    unsigned generation;
    void *value;
} values[KEY_COUNT];

/* The one real key, whose destructor runs ours. */
static pthread_key_t at_thread_exit OF_THE_PROCESS = 0;
static int has_at_thread_exit OF_THE_PROCESS = 0;

extern int __real_pthread_key_create(pthread_key_t *, destructor_function *);
extern int __real_pthread_setspecific(pthread_key_t, const void *);
extern void *__real_pthread_getspecific(pthread_key_t);
extern int __real_pthread_key_delete(pthread_key_t);

static void
destroy_values(void *unused)
{
    (void)unused;
    for (int round = 0, again = 1; round < 4 && again; round++) {
        again = 0;
        for (unsigned key = 0; key < KEY_COUNT; key++) {
            void *value = values[key].value;
            destructor_function *destructor = table.keys[key].destructor;
            if (value == NULL || destructor == NULL || values[key].generation != table.keys[key].generation) {
                continue;
            }
            values[key].value = NULL;
            destructor(value);
            again = 1;
        }
    }
}

int
__wrap_pthread_key_create(pthread_key_t *key, destructor_function *destructor)
{
    int error = EAGAIN;
    pthread_mutex_lock(&table.mutex);
    for (unsigned i = 0; i < KEY_COUNT; i++) {
        if (table.keys[i].generation % 2 == 0) {
            table.keys[i].generation++;
            table.keys[i].destructor = destructor;
            *key = i;
            error = 0;
            break;
        }
    }
    if (error == 0 && destructor != NULL && !has_at_thread_exit) {
        error = __real_pthread_key_create(&at_thread_exit, destroy_values);
        has_at_thread_exit = error == 0;
    }
    pthread_mutex_unlock(&table.mutex);
    if (error == EAGAIN && !pyfreeze_is_recording()) {
        error = __real_pthread_key_create(key, destructor);
        *key += KEY_COUNT;
    }
    return error;
}
int _PyFreeze_pthread_key_create(pthread_key_t *, destructor_function *) FOR_LIBRARIES("__wrap_pthread_key_create");

int
__wrap_pthread_key_delete(pthread_key_t key)
{
    int error = EINVAL;
    if (key >= KEY_COUNT) {
        return __real_pthread_key_delete(key - KEY_COUNT);
    }
    pthread_mutex_lock(&table.mutex);
    if (table.keys[key].generation % 2 == 1) {
        table.keys[key].generation++;
        table.keys[key].destructor = NULL;
        error = 0;
    }
    pthread_mutex_unlock(&table.mutex);
    return error;
}
int _PyFreeze_pthread_key_delete(pthread_key_t) FOR_LIBRARIES("__wrap_pthread_key_delete");

void *
__wrap_pthread_getspecific(pthread_key_t key)
{
    if (__builtin_expect(key >= KEY_COUNT, 0)) {
        return __real_pthread_getspecific(key - KEY_COUNT);
    }
    if (values[key].generation != table.keys[key].generation) {
        return NULL;
    }
    return values[key].value;
}
void *_PyFreeze_pthread_getspecific(pthread_key_t) FOR_LIBRARIES("__wrap_pthread_getspecific");

int
__wrap_pthread_setspecific(pthread_key_t key, const void *value)
{
    if (__builtin_expect(key >= KEY_COUNT, 0)) {
        return __real_pthread_setspecific(key - KEY_COUNT, value);
    }
    if (table.keys[key].generation % 2 == 0) {
        return EINVAL;
    }
    values[key].generation = table.keys[key].generation;
    values[key].value = (void *)value;
    if (value != NULL && table.keys[key].destructor != NULL && has_at_thread_exit) {
        return __real_pthread_setspecific(at_thread_exit, &table);
    }
    return 0;
}
int _PyFreeze_pthread_setspecific(pthread_key_t, const void *) FOR_LIBRARIES("__wrap_pthread_setspecific");

/* ---- at exit and around fork --------------------------------------------------------------------------------- */

/* Registered while recording, to be registered again by every process. */
static struct {
    void (*function)(void *);
    void *argument;
    void *library;
} at_exit[256];
static size_t at_exit_count;

static struct {
    void (*prepare)(void);
    void (*parent)(void);
    void (*child)(void);
    void *library;
} at_fork[64];
static size_t at_fork_count;

extern int __real___cxa_atexit(void (*)(void *), void *, void *);
#ifdef __GLIBC__
extern int __register_atfork(void (*)(void), void (*)(void), void (*)(void), void *);
#else
/* Only libraries call it, which a static program has none of. */
static int
__register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *library)
{
    (void)library;
    return pthread_atfork(prepare, parent, child);
}
#endif

/* The program's own functions free what nobody needs any more: of no use to a process that has a snapshot. */
int
__wrap___cxa_atexit(void (*function)(void *), void *argument, void *library)
{
    return pyfreeze_is_recording() ? 0 : __real___cxa_atexit(function, argument, library);
}

__attribute__((visibility("default"))) int
_PyFreeze___cxa_atexit(void (*function)(void *), void *argument, void *library)
{
    if (!pyfreeze_is_recording()) {
        return __real___cxa_atexit(function, argument, library);
    }
    if (at_exit_count == sizeof at_exit / sizeof *at_exit) {
        return -1;
    }
    at_exit[at_exit_count].function = function;
    at_exit[at_exit_count].argument = argument;
    at_exit[at_exit_count++].library = library;
    return 0;
}

__attribute__((visibility("default"))) int
_PyFreeze___register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *library)
{
    if (pyfreeze_is_recording() && at_fork_count < sizeof at_fork / sizeof *at_fork) {
        at_fork[at_fork_count].prepare = prepare;
        at_fork[at_fork_count].parent = parent;
        at_fork[at_fork_count].child = child;
        at_fork[at_fork_count++].library = library;
    }
    return __register_atfork(prepare, parent, child, library);
}

/* What the library in this memory wants to be called for before a fork; null if nothing. */
void *
pyfreeze_prepare_fork_of(uintptr_t start, uintptr_t end)
{
    for (size_t i = 0; i < at_fork_count; i++) {
        uintptr_t prepare = (uintptr_t)at_fork[i].prepare;
        if (start <= prepare && prepare < end) {
            return (void *)prepare;
        }
    }
    return NULL;
}

/* What libraries do before a fork: they stop their threads and bring their data into order. */
void
pyfreeze_prepare_libraries(void)
{
    for (size_t i = at_fork_count; i-- > 0;) {
        if (at_fork[i].prepare != NULL) {
            at_fork[i].prepare();
        }
    }
}

/* What they do in a child, and what they want to be called for. */
void
pyfreeze_resume_libraries(void)
{
    if (has_at_thread_exit == 0 && __real_pthread_key_create(&at_thread_exit, destroy_values) == 0) {
        has_at_thread_exit = 1;
    }
    for (size_t i = 0; i < at_exit_count; i++) {
        __real___cxa_atexit(at_exit[i].function, at_exit[i].argument, at_exit[i].library);
    }
    for (size_t i = 0; i < at_fork_count; i++) {
        __register_atfork(at_fork[i].prepare, at_fork[i].parent, at_fork[i].child, at_fork[i].library);
        if (at_fork[i].child != NULL) {
            at_fork[i].child();
        }
    }
}

/* ---- thread-local variables of the program -------------------------------------------------------------------- */

/* The main thread's, as they were when the snapshot was taken. */
static char thread_data[8192];

/* The first byte of the thread's block; the block ends at the thread pointer (variant II of the TLS ABI). */
static char *
thread_block(size_t size, size_t alignment)
{
    return (char *)(thread_pointer() - ((size + alignment - 1) & ~(alignment - 1)));
}

int
pyfreeze_save_thread(size_t size, size_t alignment)
{
    if (size > sizeof thread_data) {
        return -1;
    }
    memcpy(thread_data, thread_block(size, alignment), size);
    return 0;
}

void
pyfreeze_load_thread(size_t size, size_t alignment)
{
    memcpy(thread_block(size, alignment), thread_data, size);
}

/* ---- functions that libraries keep the addresses of ------------------------------------------------------------ */

/* ctypes offers these two by their addresses, which must be the program's own. */
static void *
own_memmove(void *to, const void *from, size_t size)
{
    return memmove(to, from, size);
}

static void *
own_memset(void *place, int byte, size_t size)
{
    return memset(place, byte, size);
}

void
pyfreeze_memory_functions(void **move, void **set)
{
    *move = (void *)own_memmove;
    *set = (void *)own_memset;
}
