/* Preloaded into the program, ends it as SIGKILL does at a step that a test chooses; the program knows nothing of it.
 *
 * A step is a call after which something lasts or can be seen by others: one that changes a file, a folder or what has
 * gone out over a socket. Steps are counted over all threads. (strace could inject the signal as well, but counts each
 * thread and each call apart, so that most steps would never be the chosen one.)
 *
 *   KILL_AT    the step before which to end, counted from 1
 *   KILL_HALF  set: in the middle of what that step writes, not before
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
static int list = -1;

__attribute__((constructor)) static void begin(void) {
    const char *text = getenv("KILL_AT");
    chosen = text ? atol(text) : 0;
    is_half = getenv("KILL_HALF") != NULL;
    text = getenv("KILL_LOG");
    if (text) list = syscall(SYS_openat, AT_FDCWD, text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void end(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* Counts a step. Ends before it, or answers that half of it is to be done. */
static int step(const char *call, const char *name) {
    long now = atomic_fetch_add(&taken, 1) + 1;
    if (list >= 0) {
        char line[600];
        int length = snprintf(line, sizeof line, "%ld %s %.500s\n", now, call, name);
        syscall(SYS_write, list, line, (size_t)length);
    }
    if (now != chosen) return 0;
    if (!is_half) end();
    return 1;
}

/* A step on something open. Standard streams and what only this process sees are none. */
static int step_on(const char *call, int file) {
    int before = errno, answer = 0;
    struct stat about;
    if (file > 2 && fstat(file, &about) == 0
        && (S_ISREG(about.st_mode) || S_ISDIR(about.st_mode) || S_ISSOCK(about.st_mode))) {
        char link[64], name[400] = "socket";
        snprintf(link, sizeof link, "/proc/self/fd/%d", file);
        if (!S_ISSOCK(about.st_mode)) {
            ssize_t length = readlink(link, name, sizeof name - 1);
            name[length > 0 ? length : 0] = 0;
        }
        if (strncmp(name, "/memfd:", 7) != 0) answer = step(call, name);
    }
    errno = before;
    return answer;
}

/* A step on a name, which is never half done. */
static void step_at(const char *call, const char *name) {
    if (step(call, name)) end();
}

ssize_t write(int file, const void *bytes, size_t length) {
    if (step_on("write", file)) {
        syscall(SYS_write, file, bytes, length / 2);
        end();
    }
    return syscall(SYS_write, file, bytes, length);
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t at) {
    if (step_on("pwrite", file)) {
        syscall(SYS_pwrite64, file, bytes, length / 2, at);
        end();
    }
    return syscall(SYS_pwrite64, file, bytes, length, at);
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t at) { return pwrite64(file, bytes, length, at); }

ssize_t writev(int file, const struct iovec *parts, int count) {
    if (step_on("writev", file)) {
        if (count > 0) syscall(SYS_write, file, parts[0].iov_base, parts[0].iov_len / 2);
        end();
    }
    return syscall(SYS_writev, file, parts, count);
}

ssize_t pwritev64(int file, const struct iovec *parts, int count, off64_t at) {
    if (step_on("pwritev", file)) end();
    return syscall(SYS_pwritev, file, parts, count, at, 0L);
}

ssize_t pwritev(int file, const struct iovec *parts, int count, off_t at) { return pwritev64(file, parts, count, at); }

ssize_t sendfile64(int to, int from, off64_t *at, size_t length) {
    if (step_on("sendfile", to)) end();
    return syscall(SYS_sendfile, to, from, at, length);
}

ssize_t sendfile(int to, int from, off_t *at, size_t length) { return sendfile64(to, from, at, length); }

ssize_t sendto(int file, const void *bytes, size_t length, int flags, const struct sockaddr *to, socklen_t to_length) {
    if (step_on("send", file)) {
        syscall(SYS_sendto, file, bytes, length / 2, flags, to, to_length);
        end();
    }
    return syscall(SYS_sendto, file, bytes, length, flags, to, to_length);
}

ssize_t send(int file, const void *bytes, size_t length, int flags) {
    return sendto(file, bytes, length, flags, NULL, 0);
}

ssize_t sendmsg(int file, const struct msghdr *message, int flags) {
    if (step_on("sendmsg", file)) end();
    return syscall(SYS_sendmsg, file, message, flags);
}

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t length, unsigned flags) {
    if (step_on("copy_file_range", to)) end();
    return syscall(SYS_copy_file_range, from, from_at, to, to_at, length, flags);
}

int fsync(int file) {
    if (step_on("fsync", file)) end();
    return syscall(SYS_fsync, file);
}

int fdatasync(int file) {
    if (step_on("fdatasync", file)) end();
    return syscall(SYS_fdatasync, file);
}

int ftruncate64(int file, off64_t length) {
    if (step_on("ftruncate", file)) end();
    return syscall(SYS_ftruncate, file, length);
}

int ftruncate(int file, off_t length) { return ftruncate64(file, length); }

int openat64(int folder, const char *name, int flags, ...) {
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    if (flags & (O_CREAT | O_TRUNC)) step_at("open", name);
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
    step_at("mkdir", name);
    return syscall(SYS_mkdirat, folder, name, mode);
}

int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    step_at("rename", to);
    return syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    return renameat2(from_folder, from, to_folder, to, 0);
}

int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }

int unlinkat(int folder, const char *name, int flags) {
    step_at("unlink", name);
    return syscall(SYS_unlinkat, folder, name, flags);
}

int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    step_at("link", to);
    return syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
}

int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int fchmod(int file, mode_t mode) {
    if (step_on("chmod", file)) end();
    return syscall(SYS_fchmod, file, mode);
}

int chmod(const char *name, mode_t mode) {
    step_at("chmod", name);
    return syscall(SYS_fchmodat, AT_FDCWD, name, mode);
}

int fallocate64(int file, int mode, off64_t at, off64_t length) {
    if (step_on("fallocate", file)) end();
    return syscall(SYS_fallocate, file, mode, at, length);
}

int fallocate(int file, int mode, off_t at, off_t length) { return fallocate64(file, mode, at, length); }

int bind(int file, const struct sockaddr *at, socklen_t length) {
    if (step_on("bind", file)) end();
    return syscall(SYS_bind, file, at, length);
}

int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }
