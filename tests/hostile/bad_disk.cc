// Loaded into the real program by the tests (LD_PRELOAD): a disk under one folder that, from one of its effects on, is
// full or broken. Nothing of it is in the product.
//
// BAD_DISK_FOLDER: the folder. BAD_DISK_ERROR: ENOSPC fails what needs room; EIO fails reads, writes and syncs.
// BAD_DISK_FROM: the number of the first write or sync that fails.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

struct Disk {
  const char* folder = std::getenv("BAD_DISK_FOLDER");
  long from = 0;
  int error = 0;
  std::atomic<long> effects = 0;

  Disk() {
    if (folder == nullptr) return;
    from = std::atol(std::getenv("BAD_DISK_FROM"));
    error = std::atoi(std::getenv("BAD_DISK_ERROR"));
  }

  bool has(int file) const {
    if (folder == nullptr) return false;
    char link[64];
    char target[PATH_MAX];
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    const ssize_t got = ::readlink(link, target, sizeof target - 1);
    if (got <= 0) return false;
    target[got] = '\0';
    return below(target);
  }
  bool below(const char* path) const {
    return folder != nullptr && std::strncmp(path, folder, std::strlen(folder)) == 0;
  }
  // What needs room, or a disk that works.
  bool fails_effect() {
    if (++effects < from) return false;
    errno = error;
    return true;
  }
  bool fails_read() const {
    if (error != EIO || effects < from) return false;
    errno = EIO;
    return true;
  }
};

Disk& disk() {
  static Disk one;
  return one;
}

}  // namespace

extern "C" {

#define OPENS(NAME)                                                                               \
  int NAME(const char* path, int flags, ...) {                                                    \
    va_list more;                                                                                 \
    va_start(more, flags);                                                                        \
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;                        \
    va_end(more);                                                                                 \
    const bool makes = (flags & O_CREAT) != 0 && disk().below(path) && ::access(path, F_OK) != 0; \
    if (makes && disk().fails_effect()) return -1;                                                \
    static const auto real = next<int (*)(const char*, int, ...)>(#NAME);                         \
    return real(path, flags, mode);                                                               \
  }
OPENS(open)
OPENS(open64)

ssize_t write(int file, const void* from, size_t count) {
  if (disk().has(file) && disk().fails_effect()) return -1;
  static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  return real(file, from, count);
}

ssize_t pwrite(int file, const void* from, size_t count, off_t offset) {
  if (disk().has(file) && disk().fails_effect()) return -1;
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  return real(file, from, count, offset);
}

ssize_t pwrite64(int file, const void* from, size_t count, off64_t offset) {
  if (disk().has(file) && disk().fails_effect()) return -1;
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  return real(file, from, count, offset);
}

ssize_t read(int file, void* into, size_t count) {
  if (disk().has(file) && disk().fails_read()) return -1;
  static const auto real = next<ssize_t (*)(int, void*, size_t)>("read");
  return real(file, into, count);
}

ssize_t pread(int file, void* into, size_t count, off_t offset) {
  if (disk().has(file) && disk().fails_read()) return -1;
  static const auto real = next<ssize_t (*)(int, void*, size_t, off_t)>("pread");
  return real(file, into, count, offset);
}

ssize_t pread64(int file, void* into, size_t count, off64_t offset) {
  if (disk().has(file) && disk().fails_read()) return -1;
  static const auto real = next<ssize_t (*)(int, void*, size_t, off64_t)>("pread64");
  return real(file, into, count, offset);
}

// A full disk can still be synced.
int fsync(int file) {
  if (disk().error == EIO && disk().has(file) && disk().fails_effect()) return -1;
  static const auto real = next<int (*)(int)>("fsync");
  return real(file);
}

int fdatasync(int file) {
  if (disk().error == EIO && disk().has(file) && disk().fails_effect()) return -1;
  static const auto real = next<int (*)(int)>("fdatasync");
  return real(file);
}

int ftruncate(int file, off_t size) noexcept {
  if (disk().error == EIO && disk().has(file) && disk().fails_effect()) return -1;
  static const auto real = next<int (*)(int, off_t)>("ftruncate");
  return real(file, size);
}

int ftruncate64(int file, off64_t size) noexcept {
  if (disk().error == EIO && disk().has(file) && disk().fails_effect()) return -1;
  static const auto real = next<int (*)(int, off64_t)>("ftruncate64");
  return real(file, size);
}

}  // extern "C"
