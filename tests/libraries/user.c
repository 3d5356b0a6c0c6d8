/* Uses what another library offers to all, without needing it. */
extern int shared_value(void);
int user_value(void) { return shared_value() + 1; }
