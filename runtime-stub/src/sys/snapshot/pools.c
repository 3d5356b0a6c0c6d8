/* The pools of small objects in a recording, as its processes will go on with them.

   Source: Objects/obmalloc.c. */

#define Py_BUILD_CORE 1
#include <Python.h>
#include "internal/pycore_interp.h"
#include "internal/pycore_obmalloc.h"

#include "interpreter.h"

/* As many unused pools are to be at hand: a start needs one for each size of objects that it makes. */
#define SPARE_POOLS 24

static int
has_room(struct _obmalloc_state *state, unsigned size_class)
{
    poolp pool = state->pools.used[size_class + size_class];
    return pool != pool->nextpool;
}

static void
fill_class(struct _obmalloc_state *state, unsigned size_class)
{
    size_t size = ((size_t)size_class + 1) << ALIGNMENT_SHIFT;
    while (has_room(state, size_class)) {
        memset(PyObject_Malloc(size), 0, size);
    }
}

/* Adds an arena behind those that have pools left, so that no start has to ask the system for one. */
static void
add_arena(struct _obmalloc_state *state)
{
    const unsigned largest = NB_SMALL_SIZE_CLASSES - 1;
    struct arena_object *first = state->mgmt.usable_arenas, *last = first;
    unsigned count = 0;
    for (struct arena_object *each = first; each != NULL; each = each->nextarena) {
        count += each->nfreepools;
        last = each;
    }
    if (count >= SPARE_POOLS) {
        return;
    }
    /* Only one that sees none makes a new one. */
    state->mgmt.usable_arenas = NULL;
    if (PyObject_Malloc(((size_t)largest + 1) << ALIGNMENT_SHIFT) != NULL) {
        fill_class(state, largest);
    }
    struct arena_object *added = state->mgmt.usable_arenas;
    if (first != NULL) {
        last->nextarena = added;
        state->mgmt.usable_arenas = first;
    }
    if (first != NULL && added != NULL) {
        added->prevarena = last;
    }
}

/* Fills what room there is between recorded objects. */
void
pyfreeze_settle_pools(PyInterpreterState *interpreter)
{
    struct _obmalloc_state *state = interpreter->obmalloc;
    const unsigned largest = NB_SMALL_SIZE_CLASSES - 1;
    for (unsigned size_class = 0; size_class <= largest; size_class++) {
        fill_class(state, size_class);
    }
    while (state->mgmt.usable_arenas != NULL && state->mgmt.usable_arenas->freepools != NULL) {
        size_t size = ((size_t)largest + 1) << ALIGNMENT_SHIFT;
        memset(PyObject_Malloc(size), 0, size);
        fill_class(state, largest);
    }
    add_arena(state);
}
