extern int surely_nowhere(void);
int undefined_value(void) { return surely_nowhere(); }
