/* Makes one call of the file system fail, or ends the process at it. Loaded with LD_PRELOAD by promises/system_calls.rs.
 *
 * FAULT_ROOT  only calls about paths below this folder, and about files opened there, count
 * FAULT_AT    which of them fails, counted from 1; 0 for none
 * FAULT_KIND  kill, short (half of a write), or a number that becomes errno
 * FAULT_LOG   a file of 64 bytes: the number of calls so far, then the name of the one that failed
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct shared {
	_Atomic uint64_t calls;
	char name[56];
};

static struct shared *log_page;
static const char *root;
static size_t root_length;
static uint64_t at;
static int kind; /* 0 kill, -1 short write, else errno */
static _Atomic char mine[4096];

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void) {
	const char *path = getenv("FAULT_LOG"), *number = getenv("FAULT_AT"), *what = getenv("FAULT_KIND");
	root = getenv("FAULT_ROOT");
	if (!path || !root || !number || !what) return;
	root_length = strlen(root);
	at = strtoull(number, 0, 10);
	kind = strcmp(what, "kill") == 0 ? 0 : strcmp(what, "short") == 0 ? -1 : atoi(what);
	int (*do_open)(const char *, int, ...) = real("open");
	int file = do_open(path, O_RDWR | O_CLOEXEC);
	if (file < 0) abort();
	log_page = mmap(0, sizeof *log_page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (log_page == MAP_FAILED) abort();
	close(file);
}

static int below(const char *path) { return log_page && path && strncmp(path, root, root_length) == 0; }
static int is_mine(int file) { return log_page && file >= 0 && file < 4096 && mine[file]; }
static int about(int folder, const char *path) { return path && path[0] == '/' ? below(path) : is_mine(folder) || below(path); }

/* 1 if this call is to fail with errno set, 2 if it is to be cut short. */
static int fault(const char *name, int writes) {
	uint64_t now = atomic_fetch_add(&log_page->calls, 1) + 1;
	if (now != at) return 0;
	strncpy(log_page->name, name, sizeof log_page->name - 1);
	if (kind == 0) kill(getpid(), SIGKILL);
	if (kind == -1) return writes ? 2 : 0;
	errno = kind;
	return 1;
}

#define FAIL(yes, name) if ((yes) && fault(name, 0)) return -1
static int keep(int file, int yes) {
	if (file >= 0 && file < 4096) mine[file] = (char)yes;
	return file;
}

#define OPENS(symbol)                                                                   \
	int symbol(const char *path, int flags, ...) {                                  \
		va_list rest;                                                           \
		va_start(rest, flags);                                                  \
		mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0; \
		va_end(rest);                                                           \
		int yes = below(path);                                                  \
		FAIL(yes, "open");                                                      \
		int (*next)(const char *, int, ...) = real(#symbol);                    \
		return keep(next(path, flags, mode), yes);                              \
	}
OPENS(open)
OPENS(open64)

#define OPENS_AT(symbol)                                                                \
	int symbol(int folder, const char *path, int flags, ...) {                      \
		va_list rest;                                                           \
		va_start(rest, flags);                                                  \
		mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0; \
		va_end(rest);                                                           \
		int yes = about(folder, path);                                          \
		FAIL(yes, "openat");                                                    \
		int (*next)(int, const char *, int, ...) = real(#symbol);               \
		return keep(next(folder, path, flags, mode), yes);                      \
	}
OPENS_AT(openat)
OPENS_AT(openat64)

ssize_t write(int file, const void *bytes, size_t count) {
	ssize_t (*next)(int, const void *, size_t) = real("write");
	if (is_mine(file)) {
		int how = fault("write", 1);
		if (how == 1) return -1;
		if (how == 2 && count > 1) return next(file, bytes, count / 2);
	}
	return next(file, bytes, count);
}

ssize_t read(int file, void *bytes, size_t count) {
	ssize_t (*next)(int, void *, size_t) = real("read");
	if (is_mine(file)) {
		int how = fault("read", 1);
		if (how == 1) return -1;
		if (how == 2 && count > 1) return next(file, bytes, count / 2);
	}
	return next(file, bytes, count);
}

int close(int file) {
	int (*next)(int) = real("close");
	if (is_mine(file)) mine[file] = 0;
	return next(file);
}

#define ON_FILE(symbol)                        \
	int symbol(int file) {                 \
		FAIL(is_mine(file), #symbol);  \
		int (*next)(int) = real(#symbol); \
		return next(file);             \
	}
ON_FILE(fsync)
ON_FILE(fdatasync)

#define ON_PATH(symbol)                           \
	int symbol(const char *path) {            \
		FAIL(below(path), #symbol);       \
		int (*next)(const char *) = real(#symbol); \
		return next(path);                \
	}
ON_PATH(unlink)
ON_PATH(rmdir)

int mkdir(const char *path, mode_t mode) {
	FAIL(below(path), "mkdir");
	int (*next)(const char *, mode_t) = real("mkdir");
	return next(path, mode);
}

int unlinkat(int folder, const char *path, int flags) {
	FAIL(about(folder, path), "unlinkat");
	int (*next)(int, const char *, int) = real("unlinkat");
	return next(folder, path, flags);
}

int rename(const char *from, const char *to) {
	FAIL(below(from) || below(to), "rename");
	int (*next)(const char *, const char *) = real("rename");
	return next(from, to);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
	FAIL(about(from_folder, from) || about(to_folder, to), "linkat");
	int (*next)(int, const char *, int, const char *, int) = real("linkat");
	return next(from_folder, from, to_folder, to, flags);
}

int link(const char *from, const char *to) {
	FAIL(below(from) || below(to), "link");
	int (*next)(const char *, const char *) = real("link");
	return next(from, to);
}

int statx(int folder, const char *restrict path, int flags, unsigned int mask, struct statx *restrict found) {
	FAIL(about(folder, path), "statx");
	int (*next)(int, const char *, int, unsigned int, struct statx *) = real("statx");
	return next(folder, path, flags, mask, found);
}

DIR *opendir(const char *path) {
	if (below(path) && fault("opendir", 0)) return 0;
	DIR *(*next)(const char *) = real("opendir");
	DIR *found = next(path);
	if (found) keep(dirfd(found), below(path));
	return found;
}

struct dirent64 *readdir64(DIR *folder) {
	if (is_mine(dirfd(folder)) && fault("readdir", 0)) return 0;
	struct dirent64 *(*next)(DIR *) = real("readdir64");
	return next(folder);
}
