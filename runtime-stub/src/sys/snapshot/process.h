/* What the C sources beside it have in common about functions that stand in the place of the C library's. */

#include <pthread.h>

/* Belongs to the process: keeps its value when a snapshot replaces the rest of the program's data. */
#define OF_THE_PROCESS __attribute__((section("pyfreeze_process")))

/* Also under the name by which mapped libraries are bound to it. */
#define FOR_LIBRARIES(name) __attribute__((alias(name), visibility("default")))

extern int pyfreeze_is_recording(void);

/* A thread as the C library knows it. */
extern pthread_t pyfreeze_real_thread(pthread_t thread);

/* That a thread is about to be started, while a machine is simulated. */
extern void pyfreeze_note_thread(void);
