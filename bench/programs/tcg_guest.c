// The init of the QEMU peer's guest: says "ready", then runs each line it reads from the console as a command of words and
// answers "exit CODE". No shell and no disk: the least a virtual machine can do, so a lower bound for that peer.
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    char line[256];
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        char* words[16] = {0};
        int count = 0;
        for (char* word = strtok(line, " \r\n"); word && count < 15; word = strtok(NULL, " \r\n")) words[count++] = word;
        if (count == 0) continue;
        const pid_t child = vfork();
        if (child == 0) {
            execv(words[0], words);
            _exit(127);
        }
        int status = 0;
        waitpid(child, &status, 0);
        printf("exit %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128);
        fflush(stdout);
    }
    return 0;
}
