/* Needs base by its folder, opens a plugin by its own, knows where it lies itself. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unwind.h>

extern void base_note(const char *);
extern const char *base_order(void);
extern int base_count(void);
extern int base_version(void);
extern int base_chosen(void);
extern int base_value;
extern int *base_value_pointer;
extern __thread int base_counter;
extern int *base_counter_address(void);
extern int base_weak(void);

static __thread char own[3] = "ab";
static int (*const pointers[])(void) = {base_chosen, base_version, base_weak};

int middle_sum(void) {
    int sum = 0;
    for (int i = 0; i < 3; i++) sum += pointers[i]();
    return sum + *base_value_pointer + (base_value_pointer == &base_value) * 1000;
}

const char *middle_order(void) { return base_order(); }
int middle_thread(void) { base_count(); own[0]++; return base_counter * 1000 + (base_counter_address() == &base_counter) * 100 + own[0] - 'a'; }

/* The last component of the file in which a function lies, and the function's name. */
const char *middle_where(void) {
    static char text[300];
    Dl_info found;
    if (!dladdr((void *)middle_order, &found)) return "nowhere";
    const char *slash = strrchr(found.dli_fname, '/');
    snprintf(text, sizeof text, "%s %s %d", slash ? slash + 1 : found.dli_fname, found.dli_sname,
             found.dli_saddr == (void *)middle_order);
    return text;
}

const char *middle_plugin(const char *name) {
    static char text[300];
    void *handle = dlopen(name, RTLD_NOW);
    if (handle == NULL) {
        int is_not_there = strstr(dlerror(), "No such file") != NULL;
        snprintf(text, sizeof text, "%s %d", is_not_there ? "not there" : "odd", dlerror() == NULL);
        return text;
    }
    int (*value)(void) = (int (*)(void))dlsym(handle, "plugin_value");
    int missing = dlsym(handle, "no_such_symbol") == NULL && dlerror() != NULL;
    struct link_map *map = NULL;
    dlinfo(handle, RTLD_DI_LINKMAP, &map);
    int number = value(), is_named = map != NULL && map->l_name[0] == '/';
    snprintf(text, sizeof text, "%d %d %d %d", number, missing, is_named, dlclose(handle));
    return text;
}

int middle_next(void) { return dlsym(RTLD_NEXT, "base_order") == (void *)base_order && dlsym(RTLD_DEFAULT, "malloc") != NULL; }
int middle_old_version(void) {
    void *self = dlopen("libbase.so", RTLD_NOW | RTLD_NOLOAD);
    int (*older)(void) = (int (*)(void))dlvsym(self, "base_version", "BASE_1");
    return older ? older() : -1;
}

static int find_self(struct dl_phdr_info *info, size_t size, void *data) {
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        ElfW(Addr) start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        if (info->dlpi_phdr[i].p_type == PT_LOAD && (ElfW(Addr))find_self - start < info->dlpi_phdr[i].p_memsz) {
            *(int *)data = info->dlpi_name[0] != '\0' ? 1 : 2;
            return 1;
        }
    }
    return 0;
}
int middle_headers(void) { int found = 0; dl_iterate_phdr(find_self, &found); return found; }

static _Unwind_Reason_Code frame(struct _Unwind_Context *context, void *count) {
    if (_Unwind_GetIP(context) != 0) ++*(int *)count;
    return _URC_NO_REASON;
}
__attribute__((noinline)) static int deeper(int depth) {
    int count = 0;
    if (depth > 0) count = deeper(depth - 1);
    else _Unwind_Backtrace(frame, &count);
    __asm__ volatile("" : "+r"(count));
    return count;
}
/* Frames between two depths of the same function: unwinding goes through this library. */
int middle_unwinds(void) { return deeper(10) - deeper(3); }

/* Whether the C library's functions see a file of this folder. */
int middle_reads(const char *path) {
    struct stat status;
    char start[4] = {0};
    int descriptor = open(path, O_RDONLY);
    if (descriptor < 0 || read(descriptor, start, 4) != 4 || fstat(descriptor, &status) != 0) return -1;
    close(descriptor);
    int is_same = stat(path, &status) == 0 && memcmp(start, "\177ELF", 4) == 0;
    int is_read_only = open(path, O_WRONLY) < 0 && errno != 0;
    return is_same * 10 + is_read_only;
}

__attribute__((constructor)) static void first(int argc, char **argv, char **environment) {
    base_note(argc > 0 && argv[0] != NULL && environment != NULL ? "middle" : "arguments missing");
}
__attribute__((constructor)) static void second(void) { base_note("again"); }
static void at_exit(void) { puts("middle's atexit"); fflush(stdout); }
__attribute__((constructor)) static void third(void) { atexit(at_exit); }
__attribute__((destructor)) static void end(void) { puts("middle ends"); fflush(stdout); }
