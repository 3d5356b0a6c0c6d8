/* The pools of small objects in a recording, as its processes will go on with them.

   Source: Objects/obmalloc.c. */

#define Py_BUILD_CORE 1
#include <Python.h>
#include "internal/pycore_interp.h"
#include "internal/pycore_obmalloc.h"

#include "interpreter.h"

/* As many unused pools are to be at hand: a start needs one for each size of objects that it makes. */
#define SPARE_POOLS 24

#define LARGEST_CLASS (NB_SMALL_SIZE_CLASSES - 1)

static int
has_room(struct _obmalloc_state *state, unsigned size_class)
{
    poolp pool = state->pools.used[size_class + size_class];
    return pool != pool->nextpool;
}

/* Allocates one block of zeros; false if there is no memory. */
static int
fill_block(unsigned size_class)
{
    size_t size = ((size_t)size_class + 1) << ALIGNMENT_SHIFT;
    void *block = PyObject_Malloc(size);
    if (block != NULL) {
        memset(block, 0, size);
    }
    return block != NULL;
}

/* Allocates all that the pools of this size have room for. */
static void
fill_class(struct _obmalloc_state *state, unsigned size_class)
{
    while (has_room(state, size_class) && fill_block(size_class)) {
    }
}

/* Takes a pool that nobody uses, from an arena that has one or else from a new one, and fills it; false if there is no memory. */
static int
fill_pool(struct _obmalloc_state *state)
{
    if (!fill_block(LARGEST_CLASS)) {
        return 0;
    }
    fill_class(state, LARGEST_CLASS);
    return 1;
}

/* Adds an arena behind those that have pools left, so that no start has to ask the system for one. */
static void
add_arena(struct _obmalloc_state *state)
{
    struct arena_object *first = state->mgmt.usable_arenas, *last = first;
    unsigned count = 0;
    for (struct arena_object *each = first; each != NULL; each = each->nextarena) {
        count += each->nfreepools;
        last = each;
    }
    /* A table of arenas that is full would move, and with it what the arenas that have pools left know of each other. */
    int would_move = first != NULL && state->mgmt.unused_arena_objects == NULL;
    if (count >= SPARE_POOLS || would_move) {
        return;
    }
    /* Only one that sees none makes a new one. */
    state->mgmt.usable_arenas = NULL;
    fill_pool(state);
    struct arena_object *added = state->mgmt.usable_arenas;
    if (first == NULL) {
        return;
    }
    state->mgmt.usable_arenas = first;
    last->nextarena = added;
    if (added != NULL) {
        added->prevarena = last;
    }
}

/* Fills what room there is between recorded objects. */
void
pyfreeze_settle_pools(PyInterpreterState *interpreter)
{
    struct _obmalloc_state *state = interpreter->obmalloc;
    for (unsigned size_class = 0; size_class <= LARGEST_CLASS; size_class++) {
        fill_class(state, size_class);
    }
    while (state->mgmt.usable_arenas != NULL && state->mgmt.usable_arenas->freepools != NULL && fill_pool(state)) {
    }
    add_arena(state);
}
