/* Preloaded: makes the Nth call of one kind on a path below a folder fail, once.
 *
 * fail_arm(kind, errno, nth, folder) begins to count; fail_disarm() ends and returns how many
 * calls of the kind were seen. fail_watch(function) has a function called at every call of
 * whatever kind, and none fails. Kinds: 0 open, 1 read, 2 mmap, 3 stat, 4 rename, 5 fsync,
 * 6 write, 7 unlink. A stream of C reads and writes inside of its library, so fread and fwrite count, too. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static volatile int armed = -1, code, nth, seen;
static char folder[PATH_MAX];
static void (*volatile watch)(int kind, const char *path);
static __thread int watching;

void fail_watch(void (*called)(int kind, const char *path)) { watch = called; }

void fail_arm(int kind, int error, int at, const char *below) {
    strncpy(folder, below, sizeof folder - 1);
    code = error; nth = at; seen = 0; armed = kind;
}
int fail_disarm(void) { armed = -1; return seen; }

static int counts(int kind) { return armed == kind || (watch && armed >= 0); }

static int fails(int kind, const char *path) {
    if (!counts(kind) || watching || !path || strncmp(path, folder, strlen(folder))) return 0;
    if (watch) {
        watching = 1;
        watch(kind, path);
        watching = 0;
        return 0;
    }
    int at = __sync_add_and_fetch(&seen, 1);
    if (at != nth) return 0;
    errno = code;
    return 1;
}
static int fails_fd(int kind, int fd) {
    char link[64], path[PATH_MAX];
    if (!counts(kind)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return fails(kind, path);
}
static int fails_at(int kind, int at, const char *path) {
    if (!counts(kind)) return 0;
    if (path && path[0] == '/') return fails(kind, path);
    return path && !path[0] ? fails_fd(kind, at) : at == AT_FDCWD ? 0 : fails_fd(kind, at);
}
#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest); \
        REAL(name); \
        return fails(0, path) ? -1 : real(path, flags, mode); }
OPEN(open)
OPEN(open64)
#define OPENAT(name) \
    int name(int at, const char *path, int flags, ...) { \
        va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest); \
        REAL(name); \
        return fails_at(0, at, path) ? -1 : real(at, path, flags, mode); }
OPENAT(openat)
OPENAT(openat64)
#define FOPEN(name) \
    FILE *name(const char *path, const char *mode) { \
        REAL(name); return fails(0, path) ? NULL : real(path, mode); }
FOPEN(fopen)
FOPEN(fopen64)
ssize_t read(int fd, void *to, size_t n) { REAL(read); return fails_fd(1, fd) ? -1 : real(fd, to, n); }
ssize_t pread(int fd, void *to, size_t n, off_t at) {
    REAL(pread); return fails_fd(1, fd) ? -1 : real(fd, to, n, at); }
ssize_t pread64(int fd, void *to, size_t n, off64_t at) {
    REAL(pread64); return fails_fd(1, fd) ? -1 : real(fd, to, n, at); }
void *mmap(void *where, size_t n, int kind, int flags, int fd, off_t at) {
    REAL(mmap);
    return fd >= 0 && fails_fd(2, fd) ? MAP_FAILED : real(where, n, kind, flags, fd, at); }
void *mmap64(void *where, size_t n, int kind, int flags, int fd, off64_t at) {
    REAL(mmap64);
    return fd >= 0 && fails_fd(2, fd) ? MAP_FAILED : real(where, n, kind, flags, fd, at); }
int stat(const char *path, struct stat *to) { REAL(stat); return fails(3, path) ? -1 : real(path, to); }
int stat64(const char *path, struct stat64 *to) {
    REAL(stat64); return fails(3, path) ? -1 : real(path, to); }
int lstat(const char *path, struct stat *to) {
    REAL(lstat); return fails(3, path) ? -1 : real(path, to); }
int lstat64(const char *path, struct stat64 *to) {
    REAL(lstat64); return fails(3, path) ? -1 : real(path, to); }
int fstatat(int at, const char *path, struct stat *to, int flags) {
    REAL(fstatat); return fails_at(3, at, path) ? -1 : real(at, path, to, flags); }
int fstatat64(int at, const char *path, struct stat64 *to, int flags) {
    REAL(fstatat64); return fails_at(3, at, path) ? -1 : real(at, path, to, flags); }
int rename(const char *from, const char *to) {
    REAL(rename); return fails(4, from) ? -1 : real(from, to); }
int renameat(int a, const char *from, int b, const char *to) {
    REAL(renameat); return fails_at(4, a, from) ? -1 : real(a, from, b, to); }
int fsync(int fd) { REAL(fsync); return fails_fd(5, fd) ? -1 : real(fd); }
int fdatasync(int fd) { REAL(fdatasync); return fails_fd(5, fd) ? -1 : real(fd); }
ssize_t write(int fd, const void *from, size_t n) {
    REAL(write); return fails_fd(6, fd) ? -1 : real(fd, from, n); }
ssize_t pwrite(int fd, const void *from, size_t n, off_t at) {
    REAL(pwrite); return fails_fd(6, fd) ? -1 : real(fd, from, n, at); }
ssize_t pwrite64(int fd, const void *from, size_t n, off64_t at) {
    REAL(pwrite64); return fails_fd(6, fd) ? -1 : real(fd, from, n, at); }
int unlink(const char *path) { REAL(unlink); return fails(7, path) ? -1 : real(path); }
int unlinkat(int at, const char *path, int flags) {
    REAL(unlinkat); return fails_at(7, at, path) ? -1 : real(at, path, flags); }
static int fails_stream(int kind, FILE *stream) {
    if (!counts(kind) || !fails_fd(kind, fileno(stream))) return 0;
    stream->_flags |= 0x20; /* what ferror tells, in glibc */
    return 1;
}
size_t fread(void *to, size_t size, size_t n, FILE *stream) {
    REAL(fread); return fails_stream(1, stream) ? 0 : real(to, size, n, stream); }
size_t fwrite(const void *from, size_t size, size_t n, FILE *stream) {
    REAL(fwrite); return fails_stream(6, stream) ? 0 : real(from, size, n, stream); }
