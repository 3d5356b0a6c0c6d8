/* Runs a program instruction by instruction (ptrace(2)) and prints, in order, where it executes code for the first time: each
   block of 16 bytes once, those from LOW up to HIGH. Usage: step LOW HIGH PROGRAM, addresses in hexadecimal. */

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCK 16

static int
start(char *const *program)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0 || ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0) {
        return -1;
    }
    return execv(program[0], program);
}

int
main(int argc, char **argv)
{
    if (argc < 4) {
        return 2;
    }
    unsigned long low = strtoul(argv[1], NULL, 16), high = strtoul(argv[2], NULL, 16);
    unsigned char *is_known = high > low ? calloc((high - low) / BLOCK + 1, 1) : NULL;
    pid_t child = is_known == NULL ? -1 : fork();
    if (child == 0) {
        start(argv + 3);
        _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0) {
        return 1;
    }
    while (WIFSTOPPED(status)) {
        long address = ptrace(PTRACE_PEEKUSER, child, offsetof(struct user_regs_struct, rip), NULL);
        unsigned long place = (unsigned long)address;
        if (place >= low && place < high && !is_known[(place - low) / BLOCK]) {
            is_known[(place - low) / BLOCK] = 1;
            printf("%lx\n", place);
        }
        long signal = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
        if (ptrace(PTRACE_SINGLESTEP, child, NULL, (void *)signal) < 0 || waitpid(child, &status, 0) < 0) {
            return 1;
        }
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
}
