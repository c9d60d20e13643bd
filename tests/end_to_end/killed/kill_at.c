/* Preloaded into the program, ends it as SIGKILL does at a step that a test chooses, or lets that step fail; the program
 * knows nothing of it.
 *
 * A step is a call after which something lasts or can be seen by others: one that changes a file, a folder or what has
 * gone out over a socket. Where steps are to fail, opening and reading a file are steps as well. Steps are counted over
 * all threads. (strace could inject the signal as well, but counts each thread and each call apart, so that most steps
 * would never be the chosen one.)
 *
 *   KILL_AT    the step before which to end, counted from 1
 *   KILL_HALF  set: in the middle of what that step writes, not before
 *   KILL_FAIL  a number of an error: the step fails with it, and the program goes on; with KILL_HALF, half of it is done
 *              and the next step on the same file fails
 *   KILL_LOG   a file that takes every step, one a line: number, call, name */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long taken;
static long chosen;
static int is_half;
static int failure;
static int list = -1;
static atomic_int half_done = -1;

__attribute__((constructor)) static void begin(void) {
    const char *text = getenv("KILL_AT");
    chosen = text ? atol(text) : 0;
    is_half = getenv("KILL_HALF") != NULL;
    text = getenv("KILL_FAIL");
    failure = text ? atoi(text) : 0;
    text = getenv("KILL_LOG");
    if (text) list = syscall(SYS_openat, AT_FDCWD, text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void end(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* What becomes of a step. */
enum { GO_ON, HALF, FAIL };

/* Counts a step. Ends before it, or answers what is to become of it. */
static int step(const char *call, const char *name) {
    long now = atomic_fetch_add(&taken, 1) + 1;
    if (list >= 0) {
        char line[600];
        int length = snprintf(line, sizeof line, "%ld %s %.500s\n", now, call, name);
        syscall(SYS_write, list, line, (size_t)length);
    }
    if (now != chosen) return GO_ON;
    if (is_half) return HALF;
    if (!failure) end();
    return FAIL;
}

/* A step on something open. Standard streams and what only this process sees are none. */
static int step_on(const char *call, int file) {
    int before = errno, answer = GO_ON;
    struct stat about;
    if (file > 2 && file != list && fstat(file, &about) == 0
        && (S_ISREG(about.st_mode) || S_ISDIR(about.st_mode) || S_ISSOCK(about.st_mode))) {
        char link[64], name[400] = "socket";
        snprintf(link, sizeof link, "/proc/self/fd/%d", file);
        if (!S_ISSOCK(about.st_mode)) {
            ssize_t length = readlink(link, name, sizeof name - 1);
            name[length > 0 ? length : 0] = 0;
        }
        if (strncmp(name, "/memfd:", 7) != 0 && strncmp(name, "/proc/", 6) != 0) answer = step(call, name);
        int once = file;
        if (answer == GO_ON && atomic_compare_exchange_strong(&half_done, &once, -1)) answer = FAIL;
    }
    errno = before;
    if (answer == HALF && failure) atomic_store(&half_done, file);
    if (answer == FAIL) errno = failure;
    return answer;
}

/* A step on a name, which is never half done. */
static int step_at(const char *call, const char *name) {
    int answer = step(call, name);
    if (answer == GO_ON) return GO_ON;
    if (!failure) end();
    errno = failure;
    return FAIL;
}

/* What is half done ends the program, or goes on to fail. */
static ssize_t half(ssize_t done) {
    if (!failure) end();
    return done;
}

/* For steps that cannot be half done. */
#define WHOLE(answer)                  \
    do {                               \
        int it = (answer);             \
        if (it != GO_ON) {             \
            if (!failure) end();       \
            errno = failure;           \
            return -1;                 \
        }                              \
    } while (0)

/* Reading is a step only where it may fail. */
static int reading(const char *call, int file) { return failure ? step_on(call, file) : GO_ON; }

ssize_t read(int file, void *bytes, size_t length) {
    WHOLE(reading("read", file));
    return syscall(SYS_read, file, bytes, length);
}

ssize_t pread64(int file, void *bytes, size_t length, off64_t at) {
    WHOLE(reading("pread", file));
    return syscall(SYS_pread64, file, bytes, length, at);
}

ssize_t pread(int file, void *bytes, size_t length, off_t at) { return pread64(file, bytes, length, at); }

ssize_t write(int file, const void *bytes, size_t length) {
    int answer = step_on("write", file);
    if (answer == FAIL) return -1;
    if (answer == HALF) return half(syscall(SYS_write, file, bytes, length / 2));
    return syscall(SYS_write, file, bytes, length);
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t at) {
    int answer = step_on("pwrite", file);
    if (answer == FAIL) return -1;
    if (answer == HALF) return half(syscall(SYS_pwrite64, file, bytes, length / 2, at));
    return syscall(SYS_pwrite64, file, bytes, length, at);
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t at) { return pwrite64(file, bytes, length, at); }

ssize_t writev(int file, const struct iovec *parts, int count) {
    int answer = step_on("writev", file);
    if (answer == FAIL) return -1;
    if (answer == HALF) return half(count > 0 ? syscall(SYS_write, file, parts[0].iov_base, parts[0].iov_len / 2) : 0);
    return syscall(SYS_writev, file, parts, count);
}

ssize_t pwritev64(int file, const struct iovec *parts, int count, off64_t at) {
    WHOLE(step_on("pwritev", file));
    return syscall(SYS_pwritev, file, parts, count, at, 0L);
}

ssize_t pwritev(int file, const struct iovec *parts, int count, off_t at) { return pwritev64(file, parts, count, at); }

ssize_t sendfile64(int to, int from, off64_t *at, size_t length) {
    WHOLE(step_on("sendfile", to));
    return syscall(SYS_sendfile, to, from, at, length);
}

ssize_t sendfile(int to, int from, off_t *at, size_t length) { return sendfile64(to, from, at, length); }

ssize_t sendto(int file, const void *bytes, size_t length, int flags, const struct sockaddr *to, socklen_t to_length) {
    int answer = step_on("send", file);
    if (answer == FAIL) return -1;
    if (answer == HALF) return half(syscall(SYS_sendto, file, bytes, length / 2, flags, to, to_length));
    return syscall(SYS_sendto, file, bytes, length, flags, to, to_length);
}

ssize_t send(int file, const void *bytes, size_t length, int flags) {
    return sendto(file, bytes, length, flags, NULL, 0);
}

ssize_t sendmsg(int file, const struct msghdr *message, int flags) {
    WHOLE(step_on("sendmsg", file));
    return syscall(SYS_sendmsg, file, message, flags);
}

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t length, unsigned flags) {
    WHOLE(step_on("copy_file_range", to));
    return syscall(SYS_copy_file_range, from, from_at, to, to_at, length, flags);
}

int fsync(int file) {
    WHOLE(step_on("fsync", file));
    return syscall(SYS_fsync, file);
}

int fdatasync(int file) {
    WHOLE(step_on("fdatasync", file));
    return syscall(SYS_fdatasync, file);
}

int ftruncate64(int file, off64_t length) {
    WHOLE(step_on("ftruncate", file));
    return syscall(SYS_ftruncate, file, length);
}

int ftruncate(int file, off_t length) { return ftruncate64(file, length); }

/* What belongs to the system is as it is. */
static int is_ours(const char *name) {
    static const char *const others[] = {"/proc/", "/sys/", "/dev/", "/etc/", "/usr/", "/lib"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strncmp(name, others[i], strlen(others[i])) == 0) return 0;
    return 1;
}

int openat64(int folder, const char *name, int flags, ...) {
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    int is_step = flags & (O_CREAT | O_TRUNC) || failure;
    if (is_step && is_ours(name) && step_at(flags & (O_CREAT | O_TRUNC) ? "open" : "look", name) != GO_ON) return -1;
    return syscall(SYS_openat, folder, name, flags, mode);
}

int openat(int, const char *, int, ...) __attribute__((alias("openat64")));

int open64(const char *name, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return openat64(AT_FDCWD, name, flags, mode);
}

int open(const char *, int, ...) __attribute__((alias("open64")));

int mkdirat(int folder, const char *name, mode_t mode) {
    if (step_at("mkdir", name) != GO_ON) return -1;
    return syscall(SYS_mkdirat, folder, name, mode);
}

int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    if (step_at("rename", to) != GO_ON) return -1;
    return syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    return renameat2(from_folder, from, to_folder, to, 0);
}

int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }

int unlinkat(int folder, const char *name, int flags) {
    if (step_at("unlink", name) != GO_ON) return -1;
    return syscall(SYS_unlinkat, folder, name, flags);
}

int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    if (step_at("link", to) != GO_ON) return -1;
    return syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
}

int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int fchmod(int file, mode_t mode) {
    WHOLE(step_on("chmod", file));
    return syscall(SYS_fchmod, file, mode);
}

int chmod(const char *name, mode_t mode) {
    if (step_at("chmod", name) != GO_ON) return -1;
    return syscall(SYS_fchmodat, AT_FDCWD, name, mode);
}

int fallocate64(int file, int mode, off64_t at, off64_t length) {
    WHOLE(step_on("fallocate", file));
    return syscall(SYS_fallocate, file, mode, at, length);
}

int fallocate(int file, int mode, off_t at, off_t length) { return fallocate64(file, mode, at, length); }

int bind(int file, const struct sockaddr *at, socklen_t length) {
    WHOLE(step_on("bind", file));
    return syscall(SYS_bind, file, at, length);
}

int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }
