/* What Rust and C say to each other about a process that resumes a snapshot (`resume.rs` declares it alike), and what the
   recording side of the interpreter and the resuming one have in common. */

#include <Python.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct {
    const char *executable;           /* sys.executable */
    const char *script;               /* what is run in place of the program's entry point, as by `-c`; null if nothing */
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
    PyObject *flags;
    PyObject *executable_names[2]; /* sys.executable, sys._base_executable */
    PyObject *arguments;
    PyObject *original_arguments;
    PyObject *environment;
    PyObject *main_loader;
    PyObject *hooks;
    PyObject *fork_hooks;
    PyObject *finalizers;
    PyObject *seed;
    PyObject *set_time_zone;
    PyObject *watch_faults; /* faulthandler.enable, if it is */
    PyObject *fault_file;   /* with these arguments */
    int shows_all_threads;
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

/* Flushes this attribute of `sys` if it is there; -1 after an exception. */
extern int pyfreeze_flush_stream(PyObject *name);

/* Makes a standard stream anew for a descriptor, in place; `number` is 0 to 2, `errors` the error handler of the first two. -1
   after an exception. */
extern int pyfreeze_open_stream(PyObject *text, int number, int descriptor, const char *errors);

/* Flushes sys.stdout and sys.stderr, as Py_FinalizeEx() does; -1 if one could not be. */
extern int pyfreeze_flush_standard_files(void);

/* Whether one of a list's files was left open, so that a warning tells of it when it is collected. */
extern int pyfreeze_has_open_file(PyObject *files);

/* Does a few times what every start does, with streams of its own: what the interpreter then knows (where types have their
   attributes, what instructions have adapted to) each start would have to find out, on pages that it would copy for
   that. Where something fails the starts are only slower. */
extern void pyfreeze_rehearse(void);

/* Makes room for a process's own objects: side by side on fresh pages, not between recorded ones, each of which would cost
   a copy of its page. */
extern void pyfreeze_settle_pools(PyInterpreterState *interpreter);

/* Tells the interpreter where the executable is, or with null that nobody knows; -1 after an error. */
extern int pyfreeze_set_executable(const char *path);

/* Gives every slot the process's own value; while recording one that says nothing. -1 after an exception. */
extern int pyfreeze_fill_slots(int is_recording);
