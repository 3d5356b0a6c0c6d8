/* What the others need: symbol versions, an indirect function, thread-local variables, order of initialisation. */
#include <stdio.h>
#include <string.h>

static char order[256];

void base_note(const char *who) { strcat(strcat(order, who), " "); }
const char *base_order(void) { return order; }

__thread int base_counter = 41;
__thread int base_zero;
int *base_counter_address(void) { return &base_counter; }
int base_count(void) { base_zero += 2; return ++base_counter + base_zero; }

static int older(void) { return 1; }
static int newer(void) { return 2; }
int base_version_1(void) { return older(); }
int base_version_2(void) { return newer(); }
__asm__(".symver base_version_1, base_version@BASE_1");
__asm__(".symver base_version_2, base_version@@BASE_2");

static int chosen(void) { return 64; }
static int (*choose(void))(void) { return chosen; }
int base_chosen(void) __attribute__((ifunc("choose")));

int base_value = 5;
int *base_value_pointer = &base_value;
__attribute__((weak)) int base_weak(void) { return 10; }
extern int nobody_has_this(void) __attribute__((weak));
int base_without(void) { return nobody_has_this ? 1 : 0; }

__attribute__((constructor)) static void begin(void) { base_note("base"); }
__attribute__((destructor)) static void end(void) { puts("base ends"); fflush(stdout); }
