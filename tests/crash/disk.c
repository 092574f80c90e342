/* What lies between the real program and the disk while tests try to break it: preloaded into `conclave`, which
 * knows nothing of it. It sees each call by which something becomes lasting or leaves the process (a write to the
 * database, its log or the files beside it; a sync; an answer) and does there what a file says:
 *
 *     kill KIND COUNT WHEN    SIGKILL at the COUNTth call of this kind, from when the file says so: `before` it,
 *                             `half` way through (the first half of the bytes are written), or `after` it
 *     fail ERRNO WHAT         writes (`w`), syncs (`s`) or both (`b`) fail so
 *     anything else           nothing
 *
 * DISK_ORDERS names that file. KIND is one of those below, or `any`. Between two such calls nothing becomes lasting,
 * so a kill there leaves what a kill at one of them leaves.
 *
 * With DISK_SYNCED=1 each file is copied to FILE.synced when it is synced, and with DISK_SYNCED=0 (a disk that
 * lies) never: what is left of it when the power goes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef ssize_t write_fn(int, const void *, size_t);
typedef ssize_t pwrite_fn(int, const void *, size_t, off_t);
typedef ssize_t send_fn(int, const void *, size_t, int);
typedef int sync_fn(int);
typedef int truncate_fn(int, off_t);

#define REAL(type, name) ((type *)dlsym(RTLD_NEXT, name))

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char orders[128];
static long seen;

enum when { NEVER, BEFORE, HALF, AFTER };

static int ends_with(const char *text, const char *end) {
    size_t a = strlen(text), b = strlen(end);
    return a >= b && strcmp(text + a - b, end) == 0;
}

static int path_of(int fd, char *path, size_t size) {
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    if (length < 0) return -1;
    path[length] = 0;
    return 0;
}

/* What a call is about: "log", "database"…; none of ours is NULL. */
static const char *file_kind(int fd) {
    char path[4096];
    if (path_of(fd, path, sizeof path)) return NULL;
    if (ends_with(path, ".partial") || ends_with(path, ".partial-journal")) return "copy";
    if (strstr(path, ".restoring")) return "new";
    if (ends_with(path, "-wal")) return "log";
    if (ends_with(path, "-journal")) return "journal";
    if (ends_with(path, ".db")) return "database";
    if (ends_with(path, ".admin-token.new")) return "token";
    return NULL;
}

static void read_orders(char *text, size_t size) {
    const char *file = getenv("DISK_ORDERS");
    int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t length = fd < 0 ? 0 : read(fd, text, size - 1);
    text[length > 0 ? length : 0] = 0;
    if (fd >= 0) close(fd);
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* Whether this call is the one to die at. `act` is "write", "sync" or "answer". */
static enum when doomed(const char *kind, const char *act) {
    char text[128], wanted[64], when[16], name[64];
    long count;
    read_orders(text, sizeof text);
    if (sscanf(text, "kill %63s %ld %15s", wanted, &count, when) != 3) return NEVER;
    snprintf(name, sizeof name, "%s-%s", kind, act);
    if (strcmp(wanted, "any") != 0 && strcmp(wanted, name) != 0) return NEVER;
    pthread_mutex_lock(&mutex);
    if (strcmp(text, orders) != 0) {
        strcpy(orders, text);
        seen = 0;
    }
    int now = ++seen == count;
    pthread_mutex_unlock(&mutex);
    if (!now) return NEVER;
    return when[0] == 'b' ? BEFORE : when[0] == 'h' ? HALF : AFTER;
}

/* The error with which a write or a sync is to fail, or 0. */
static int failing(char what) {
    char text[128], which[8];
    int number;
    read_orders(text, sizeof text);
    if (sscanf(text, "fail %d %7s", &number, which) != 2) return 0;
    return which[0] == 'b' || which[0] == what ? number : 0;
}

static ssize_t written(int fd, const void *data, size_t size, off_t at, int seeks) {
    write_fn *plain = REAL(write_fn, "write");
    pwrite_fn *placed = REAL(pwrite_fn, "pwrite64");
    return seeks ? placed(fd, data, size, at) : plain(fd, data, size);
}

static ssize_t write_file(const char *kind, int fd, const void *data, size_t size, off_t at, int seeks) {
    int error = failing('w');
    if (error) {
        errno = error;
        return -1;
    }
    enum when when = doomed(kind, "write");
    if (when == BEFORE) die();
    if (when == HALF) {
        written(fd, data, size / 2, at, seeks);
        die();
    }
    ssize_t done = written(fd, data, size, at, seeks);
    if (when == AFTER) die();
    return done;
}

static int is_answer(const void *data, size_t size) {
    return size > 20 && memcmp(data, "HTTP/1.1 2", 10) == 0 && memmem(data, size, "conclave-revision", 17) != NULL;
}

static ssize_t answer(int fd, const void *data, size_t size, int flags, int sends) {
    send_fn *sent = REAL(send_fn, "send");
    write_fn *plain = REAL(write_fn, "write");
    enum when when = is_answer(data, size) ? doomed("answer", "write") : NEVER;
    size_t some = when == HALF ? size / 2 : size;
    if (when == BEFORE) die();
    ssize_t done = sends ? sent(fd, data, some, flags) : plain(fd, data, some);
    if (when != NEVER) die();
    return done;
}

ssize_t write(int fd, const void *data, size_t size) {
    const char *kind = file_kind(fd);
    if (kind) return write_file(kind, fd, data, size, 0, 0);
    return answer(fd, data, size, 0, 0);
}

ssize_t send(int fd, const void *data, size_t size, int flags) { return answer(fd, data, size, flags, 1); }

ssize_t pwrite64(int fd, const void *data, size_t size, off_t at) {
    const char *kind = file_kind(fd);
    if (kind) return write_file(kind, fd, data, size, at, 1);
    return REAL(pwrite_fn, "pwrite64")(fd, data, size, at);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return pwrite64(fd, data, size, at); }

/* Copies a file whole or not at all: the program may be killed in the middle. By the program's own handle, as closing
 * another would drop the locks that SQLite holds on the file. */
static void keep(int fd) {
    const char *wanted = getenv("DISK_SYNCED");
    char path[4096], copy[4200], unfinished[4200], block[65536];
    if (!wanted || wanted[0] != '1' || path_of(fd, path, sizeof path)) return;
    snprintf(copy, sizeof copy, "%s.synced", path);
    snprintf(unfinished, sizeof unfinished, "%s.syncing", path);
    int to = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    off_t at = 0;
    ssize_t length;
    while (to >= 0 && (length = pread(fd, block, sizeof block, at)) > 0) {
        if (REAL(write_fn, "write")(to, block, length) != length) abort();
        at += length;
    }
    close(to);
    rename(unfinished, copy);
}

static int sync_file(int fd, const char *name) {
    const char *kind = file_kind(fd);
    if (!kind) return REAL(sync_fn, name)(fd);
    int error = failing('s');
    if (error) {
        errno = error;
        return -1;
    }
    enum when when = doomed(kind, "sync");
    if (when == BEFORE || when == HALF) die();
    /* To the test the page cache is the disk: whether it is really written makes no difference, but takes time. */
    keep(fd);
    if (when == AFTER) die();
    return 0;
}

int fsync(int fd) { return sync_file(fd, "fsync"); }

int fdatasync(int fd) { return sync_file(fd, "fdatasync"); }

int ftruncate64(int fd, off_t size) {
    int error = file_kind(fd) ? failing('w') : 0;
    if (error) {
        errno = error;
        return -1;
    }
    return REAL(truncate_fn, "ftruncate64")(fd, size);
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }
