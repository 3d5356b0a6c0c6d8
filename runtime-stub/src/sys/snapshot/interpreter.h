/* What Rust and C say to each other about a process that resumes a snapshot (`resume.rs` declares it alike), and what the
   recording side of the interpreter and the resuming one have in common. */

#include <Python.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct {
    const char *executable;           /* sys.executable */
    char *const *arguments;           /* sys.argv */
    size_t argument_count;
    char *const *original_arguments;  /* sys.orig_argv */
    size_t original_argument_count;
    char ***environment;              /* the C library's variable */
    void *const *reseeded;            /* objects of _random.Random to be seeded, texts that need other UUIDs */
    size_t reseeded_count;
} pyfreeze_process;

/* The region of Python's objects while a snapshot is recorded: as in the payload format, which `memory.rs` checks. */
#define OBJECT_REGION 0x2000000000UL
#define REGION_SPAN 0x800000000UL

#define MOST_SLOTS 64

/* An attribute or item whose value belongs to the process. */
typedef struct {
    PyObject *owner;
    PyObject *name;
    int kind;
} slot;

enum { TIME_NS = 1, NATIVE_ID, SECRET };

/* What a resumed process must find again: lies in the program's data, and so in the snapshot. */
extern struct pyfreeze_kept {
    int is_resumed;
    PyObject *streams[3];
    PyObject *arguments;
    PyObject *original_arguments;
    PyObject *environment;
    PyObject *main_loader;
    PyObject *hooks;
    PyObject *fork_hooks;
    PyObject *finalizers;
    PyObject *seed;
    PyObject *set_time_zone;
    PyTypeObject *file_type;
    PyTypeObject *raw_type;
    PyTypeObject *text_type;
    void (*signal_handler)(int);
    slot slots[MOST_SLOTS];
    size_t slot_count;
    Py_ssize_t utf8_mode_position;
    int has_utf8_option;
} pyfreeze_kept;

#define kept pyfreeze_kept

/* Flushes `sys.<name>` if it is there; -1 after an exception. */
extern int pyfreeze_flush_stream(const char *name);

/* Tells the interpreter where the executable is, or with null that nobody knows; -1 after an error. */
extern int pyfreeze_set_executable(const char *path);

/* Gives every slot the process's own value; while recording one that says nothing. -1 after an exception. */
extern int pyfreeze_fill_slots(int is_recording);
