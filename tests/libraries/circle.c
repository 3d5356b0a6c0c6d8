/* Two libraries that need each other. */
#if ONE
extern int two(void);
int one(void) { return 1; }
int circle(void) { return one() + two(); }
#else
extern int one(void);
int two(void) { return one() + 1; }
#endif
