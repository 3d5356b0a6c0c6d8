/* The few steps that must see CPython's real structures (PyConfig, PyMethodDef), compiled against the runtime's own
   headers so that no structure is written down a second time. Every decision is taken by the Rust caller.

   Sources: PEP 587 (PyConfig), Doc/c-api/init_config.rst, Python/pylifecycle.c. */

#define Py_BUILD_CORE 1
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <marshal.h>
#include "internal/pycore_initconfig.h"

/* ---- the interpreter --------------------------------------------------------------------------------------- */

typedef struct {
    const char *executable;         /* sys.executable */
    const char *root;               /* sys.prefix and its relatives */
    const char *library;            /* the standard library's directory */
    const char *const *search_path; /* sys.path */
    size_t search_path_count;
    const char *program;            /* sys.argv[0] of a program; NULL for an interpreter, which keeps its own */
    char *const *arguments;         /* command line in python's own form: options, then script or -c or -m */
    size_t argument_count;
    char *const *original_arguments; /* sys.orig_argv */
    size_t original_argument_count;
    int is_isolated;                /* as -I */
    int has_safe_path;              /* as -P */
    unsigned long hash_seed;        /* as PYTHONHASHSEED; 0 for a random one */
} pyfreeze_start_options;

/* A PyStatus that the caller can look at without knowing the structure. */
typedef struct {
    int kind;            /* 0 fine, 1 error, 2 exit */
    int exit_status;     /* of kind 2 */
    const char *message; /* of kind 1 */
} pyfreeze_status;

static pyfreeze_status
outcome(PyStatus status)
{
    pyfreeze_status result = {0, 0, NULL};
    if (PyStatus_IsExit(status)) {
        result.kind = 2;
        result.exit_status = status.exitcode;
    }
    else if (PyStatus_Exception(status)) {
        result.kind = 1;
        result.message = status.err_msg != NULL ? status.err_msg : "unknown error";
    }
    return result;
}

static PyStatus
preinitialize(const pyfreeze_start_options *options)
{
    PyPreConfig config;
    PyPreConfig_InitPythonConfig(&config);
    config.isolated = options->is_isolated;
    config.use_environment = 0;
    return Py_PreInitializeFromBytesArgs(&config, (Py_ssize_t)options->argument_count,
                                         (char **)options->arguments);
}

static PyStatus
append(PyWideStringList *list, const char *text)
{
    wchar_t *decoded = Py_DecodeLocale(text, NULL);
    if (decoded == NULL) {
        return PyStatus_NoMemory();
    }
    PyStatus status = PyWideStringList_Append(list, decoded);
    PyMem_RawFree(decoded);
    return status;
}

/* Sets every field that getpath.py would compute, so that it isn't run and no file is looked at. */
static PyStatus
set_paths(PyConfig *config, const pyfreeze_start_options *options)
{
    struct {
        wchar_t **field;
        const char *value;
    } const fields[] = {
        {&config->program_name, options->executable},
        {&config->executable, options->executable},
        {&config->base_executable, options->executable},
        {&config->prefix, options->root},
        {&config->base_prefix, options->root},
        {&config->exec_prefix, options->root},
        {&config->base_exec_prefix, options->root},
        {&config->stdlib_dir, options->library},
        {&config->platlibdir, "lib"},
    };
    PyStatus status = PyStatus_Ok();
    for (size_t i = 0; i < Py_ARRAY_LENGTH(fields) && !PyStatus_Exception(status); i++) {
        status = PyConfig_SetBytesString(config, fields[i].field, fields[i].value);
    }
    for (size_t i = 0; i < options->search_path_count && !PyStatus_Exception(status); i++) {
        status = append(&config->module_search_paths, options->search_path[i]);
    }
    config->module_search_paths_set = 1;
    return status;
}

static PyStatus
set_arguments(PyConfig *config, const pyfreeze_start_options *options)
{
    PyStatus status = PyStatus_Ok();
    for (size_t i = 0; i < options->original_argument_count && !PyStatus_Exception(status); i++) {
        status = append(&config->orig_argv, options->original_arguments[i]);
    }
    if (!PyStatus_Exception(status)) {
        status = PyConfig_SetBytesArgv(config, (Py_ssize_t)options->argument_count, (char **)options->arguments);
    }
    if (!PyStatus_Exception(status)) {
        status = PyConfig_Read(config);
    }
    if (!PyStatus_Exception(status) && options->program != NULL && config->argv.length > 0) {
        status = PyConfig_SetBytesString(config, &config->argv.items[0], options->program);
    }
    return status;
}

static PyStatus
initialize_core(const pyfreeze_start_options *options)
{
    PyStatus status = preinitialize(options);
    if (PyStatus_Exception(status)) {
        return status;
    }
    PyConfig config;
    PyConfig_InitPythonConfig(&config);
    config.isolated = options->is_isolated;
    config.use_environment = 0;
    config.user_site_directory = 0;
    config.site_import = 0;
    config.write_bytecode = 0;
    config.safe_path = options->has_safe_path;
    config.pathconfig_warnings = 0;
    if (options->hash_seed != 0) {
        config.use_hash_seed = 1;
        config.hash_seed = options->hash_seed;
    }
    config._init_main = 0;
    status = set_paths(&config, options);
    if (!PyStatus_Exception(status)) {
        status = set_arguments(&config, options);
    }
    if (!PyStatus_Exception(status)) {
        status = Py_InitializeFromConfig(&config);
    }
    PyConfig_Clear(&config);
    return status;
}

/* Initialises the interpreter as far as builtin modules can be imported. */
pyfreeze_status
pyfreeze_initialize_core(const pyfreeze_start_options *options)
{
    return outcome(initialize_core(options));
}

/* Completes the initialisation: encodings, standard streams, warnings. */
pyfreeze_status
pyfreeze_initialize_main(void)
{
    return outcome(_Py_InitializeMain());
}

/* ---- the builtin module _pyfreeze -------------------------------------------------------------------------- */

extern PyObject *pyfreeze_find(PyObject *, PyObject *const *, Py_ssize_t);
extern PyObject *pyfreeze_entry(PyObject *, PyObject *);
extern PyObject *pyfreeze_code(PyObject *, PyObject *);
extern PyObject *pyfreeze_data(PyObject *, PyObject *);
extern PyObject *pyfreeze_has_code(PyObject *, PyObject *);
extern PyObject *pyfreeze_is_directory(PyObject *, PyObject *);
extern PyObject *pyfreeze_is_virtual(PyObject *, PyObject *);
extern PyObject *pyfreeze_is_library(PyObject *, PyObject *);
extern PyObject *pyfreeze_library(PyObject *, PyObject *);
extern PyObject *pyfreeze_loaded_libraries(PyObject *, PyObject *const *, Py_ssize_t);
extern PyObject *pyfreeze_modules(PyObject *, PyObject *);
extern PyObject *pyfreeze_fact_slot(PyObject *, PyObject *const *, Py_ssize_t);
extern PyObject *pyfreeze_secret_slot(PyObject *, PyObject *const *, Py_ssize_t);
extern PyObject *pyfreeze_at_restore(PyObject *, PyObject *);
extern PyObject *pyfreeze_take_events(PyObject *, PyObject *);
extern PyObject *pyfreeze_own_functions(PyObject *, PyObject *);
extern PyObject *pyfreeze_end_simulation(PyObject *, PyObject *);
extern const char pyfreeze_virtual_root[];

static PyMethodDef methods[] = {
    {"find", (PyCFunction)(void (*)(void))pyfreeze_find, METH_FASTCALL,
     "find(fullname, path) -> (entry or None for a shared library, origin, cached, directory or None), or None"},
    {"entry", pyfreeze_entry, METH_O, "entry(path) -> entry of the file at a path below the virtual root, or None"},
    {"code", pyfreeze_code, METH_O, "code(entry) -> code object"},
    {"data", pyfreeze_data, METH_O, "data(entry) -> content of the file, or None if it was left out"},
    {"has_code", pyfreeze_has_code, METH_O, "has_code(entry) -> bool"},
    {"is_directory", pyfreeze_is_directory, METH_O, "is_directory(path) -> bool"},
    {"is_virtual", pyfreeze_is_virtual, METH_O, "is_virtual(path) -> bool: below the virtual root?"},
    {"is_library", pyfreeze_is_library, METH_O, "is_library(path) -> bool: a shared library of the payload?"},
    {"library", pyfreeze_library, METH_O, "library(stem) -> path of the shared library lib<stem>.so, or None"},
    {"loaded_libraries", (PyCFunction)(void (*)(void))pyfreeze_loaded_libraries, METH_FASTCALL,
     "loaded_libraries() -> list of the paths of the payload's libraries that have been loaded"},
    {"fact_slot", (PyCFunction)(void (*)(void))pyfreeze_fact_slot, METH_FASTCALL,
     "fact_slot(owner, name, kind): every process that resumes this one gets its own value there"},
    {"secret_slot", (PyCFunction)(void (*)(void))pyfreeze_secret_slot, METH_FASTCALL,
     "secret_slot(dictionary, key): every process that resumes this one gets random bytes there"},
    {"at_restore", pyfreeze_at_restore, METH_O, "at_restore(function): called in every process that resumes this one"},
    {"events", pyfreeze_take_events, METH_NOARGS,
     "events() -> list of (kind, module, detail): facts of the machine that modules have asked for, once each"},
    {"memory_functions", pyfreeze_own_functions, METH_NOARGS,
     "memory_functions() -> addresses of memmove and memset in the program itself"},
    {"leave_machine", pyfreeze_end_simulation, METH_NOARGS,
     "leave_machine(): from here on clock, randomness and names are the real machine's"},
    {"modules", pyfreeze_modules, METH_O, "modules(path) -> list of (name, is_package) in a directory"},
    {NULL, NULL, 0, NULL},
};

static int
add_constants(PyObject *module)
{
    return PyModule_AddStringConstant(module, "VIRTUAL_ROOT", pyfreeze_virtual_root);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *)add_constants},
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_pyfreeze",
    .m_doc = "Native lookup in the payload's tree, for the import bootstrap.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__pyfreeze(void)
{
    return PyModuleDef_Init(&definition);
}
