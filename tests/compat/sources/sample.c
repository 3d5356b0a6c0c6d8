#include <stdio.h>
int main(void) { return printf("%d\n", 0x2a) < 0; /* comment */ }
