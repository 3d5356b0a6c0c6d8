/* Thread-local variables in the static block: the dynamic loader must load this one. */
static __thread int kept __attribute__((tls_model("initial-exec"))) = 6;
int fixed_value(void) { return ++kept; }
