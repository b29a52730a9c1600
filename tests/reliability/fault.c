/* Preloaded into a process of the tests: lets a call on a file below one folder fail, or end the process there.

   fault_arm says which: the calls are numbered from 1 in the order in which they are made. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define KILL (-1)      /* the process ends before the call */
#define KILL_HALF (-2) /* the process ends when half of what was to be written is, in whole pages as the system does */

static char folder[PATH_MAX];
static size_t folder_length;
static char wanted[8];
static long first, last;
static int how;
static char *told;
static atomic_long calls;

/* kinds: w to write, s to make sure that it is on the disk (sync), t to set a length. report: 256 bytes for what is struck. */
void fault_arm(const char *below, const char *kinds, long from, long until, int what, char *report)
{
    snprintf(wanted, sizeof wanted, "%s", kinds);
    first = from, last = until, how = what, told = report;
    atomic_store(&calls, 0);
    snprintf(folder, sizeof folder, "%s", below);
    folder_length = strlen(folder);
}

long fault_calls(void) { return atomic_load(&calls); }

__attribute__((constructor)) static void from_environment(void)
{
    char *below = getenv("FAULT_FOLDER");
    if (below)
        fault_arm(below, getenv("FAULT_KINDS"), atol(getenv("FAULT_FROM")), atol(getenv("FAULT_UNTIL")),
                  atoi(getenv("FAULT_HOW")), NULL);
}

/* What is to become of this call: 0 nothing, an errno, or one of the above. */
static int struck(char kind, int file)
{
    char link[64], path[PATH_MAX];
    if (!folder_length || !strchr(wanted, kind))
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    if (strncmp(path, folder, folder_length))
        return 0;
    long call = atomic_fetch_add(&calls, 1) + 1;
    if (call < first || call > last)
        return 0;
    if (told && call == first)
        snprintf(told, 256, "%c %s", kind, path + folder_length);
    if (how == KILL)
        kill(getpid(), SIGKILL);
    return how;
}

/* How much of a write the system does when a signal ends it halfway: up to the end of a page of the file. */
static size_t half(off_t at, size_t size)
{
    off_t until = (at + (off_t)(size / 2)) & ~(off_t)4095;
    return until > at ? (size_t)(until - at) : 0;
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define STRIKE(kind, file, partly)       \
    do {                                 \
        int fate = struck(kind, file);   \
        if (fate == KILL_HALF) {         \
            if (partly < 0)              \
                perror("half a write");  \
            kill(getpid(), SIGKILL);     \
        }                                \
        if (fate > 0) {                  \
            errno = fate;                \
            return -1;                   \
        }                                \
    } while (0)

ssize_t write(int file, const void *bytes, size_t size)
{
    REAL(write);
    STRIKE('w', file, real(file, bytes, half(lseek(file, 0, SEEK_CUR), size)));
    return real(file, bytes, size);
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t at)
{
    REAL(pwrite);
    STRIKE('w', file, real(file, bytes, half(at, size), at));
    return real(file, bytes, size, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t at)
{
    REAL(pwrite64);
    STRIKE('w', file, real(file, bytes, half(at, size), at));
    return real(file, bytes, size, at);
}

int fsync(int file)
{
    REAL(fsync);
    STRIKE('s', file, 0);
    return real(file);
}

int fdatasync(int file)
{
    REAL(fdatasync);
    STRIKE('s', file, 0);
    return real(file);
}

int ftruncate(int file, off_t length)
{
    REAL(ftruncate);
    STRIKE('t', file, 0);
    return real(file, length);
}

int ftruncate64(int file, off64_t length)
{
    REAL(ftruncate64);
    STRIKE('t', file, 0);
    return real(file, length);
}

int fallocate(int file, int mode, off_t at, off_t length)
{
    REAL(fallocate);
    STRIKE('t', file, 0);
    return real(file, mode, at, length);
}
