/* The parts of the library loader that only C can say: who called a function, and one variable for each thread.
   Every decision is taken by the Rust caller.

   Sources: dlopen(3), dlerror(3); "ELF Handling For Thread-Local Storage" (Drepper) for __tls_get_addr and tls_index. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- dlerror ----------------------------------------------------------------------------------------------- */

static __thread char message[1024];
static __thread int has_message;

/* Remembers "path: what name" for this thread's next dlerror. */
void
pyfreeze_set_error(const char *path, const char *what, const char *name)
{
    snprintf(message, sizeof message, "%s%s%s%s", path, path[0] != '\0' ? ": " : "", what, name);
    has_message = 1;
}

/* Our own message, once; NULL if there is none. */
char *
pyfreeze_take_error(void)
{
    char *taken = has_message ? message : NULL;
    has_message = 0;
    return taken;
}

/* ---- functions that depend on who calls them --------------------------------------------------------------- */

/* Each gives the dynamic loader's function if the call is its business; else NULL, with the result in the last
   argument. That function is jumped to, not called: it looks at who has called it. */
typedef void *open_function(const char *, int);
typedef void *symbol_function(void *, const char *);
extern open_function *pyfreeze_dlopen(const char *, int, void *, void **);
extern symbol_function *pyfreeze_dlsym(void *, const char *, const char *, void *, void **);

void *
dlopen(const char *path, int flags)
{
    void *result;
    open_function *next = pyfreeze_dlopen(path, flags, __builtin_return_address(0), &result);
    if (next == NULL) {
        return result;
    }
    __attribute__((musttail)) return next(path, flags);
}

void *
dlsym(void *handle, const char *name)
{
    void *result;
    symbol_function *next = pyfreeze_dlsym(handle, name, NULL, __builtin_return_address(0), &result);
    if (next == NULL) {
        return result;
    }
    __attribute__((musttail)) return next(handle, name);
}

#ifdef __GLIBC__
/* dlvsym stays the dynamic loader's for everybody else: it is how this program finds the functions that it replaces. */
void *
_PyFreeze_dlvsym(void *handle, const char *name, const char *version)
{
    void *result;
    if (pyfreeze_dlsym(handle, name, version, __builtin_return_address(0), &result) == NULL) {
        return result;
    }
    return dlvsym(handle, name, version);
}
#endif

/* ---- thread-local storage of mapped libraries -------------------------------------------------------------- */

struct tls_index {
    unsigned long module;
    unsigned long offset;
};

/* Blocks of this thread by their number; the first element holds how many there is room for. */
static __thread void **blocks;
static pthread_key_t at_exit;
static pthread_once_t once = PTHREAD_ONCE_INIT;

extern void *pyfreeze_new_block(unsigned long number);

/* The destructor of a thread may use variables of another library: the blocks go in the last round. */
static void
free_blocks(void *rounds)
{
    size_t round = (size_t)rounds;
    if (round < PTHREAD_DESTRUCTOR_ITERATIONS) {
        pthread_setspecific(at_exit, (void *)(round + 1));
        return;
    }
    if (blocks != NULL) {
        size_t count = (size_t)blocks[0];
        for (size_t i = 1; i < count; i++) {
            free(blocks[i]);
        }
        free(blocks);
        blocks = NULL;
    }
}

static void
make_key(void)
{
    pthread_key_create(&at_exit, free_blocks);
}

/* Old compilers call __tls_get_addr with a misaligned stack. */
__attribute__((noinline, force_align_arg_pointer)) static void *
new_block(unsigned long number)
{
    size_t count = blocks != NULL ? (size_t)blocks[0] : 0;
    if (number >= count) {
        size_t wanted = number + 16;
        void **grown = realloc(blocks, wanted * sizeof *grown);
        if (grown == NULL) {
            abort();
        }
        memset(grown + count, 0, (wanted - count) * sizeof *grown);
        grown[0] = (void *)wanted;
        blocks = grown;
        pthread_once(&once, make_key);
        pthread_setspecific(at_exit, (void *)1);
    }
    if (blocks[number] == NULL) {
        blocks[number] = pyfreeze_new_block(number);
    }
    return blocks[number];
}

/* The address of a thread-local variable of a mapped library, whose module number has OWN_TLS_MODULE set. */
void *
_PyFreeze___tls_get_addr(const struct tls_index *index)
{
    unsigned long number = index->module & 0xffffffff;
    void *block = blocks != NULL && number < (size_t)blocks[0] ? blocks[number] : NULL;
    if (__builtin_expect(block == NULL, 0)) {
        block = new_block(number);
    }
    return (char *)block + index->offset;
}
