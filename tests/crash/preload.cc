// Loaded into the real program by the tests (LD_PRELOAD): counts every effect on the files below one folder and on
// TCP sockets, and kills the process right before the fatal one. Nothing of it is in the product.
//
// SWITCHYARD_POINTS names a file of a PointsPage (tests/crash/points_page.h), which outlives the process;
// SWITCHYARD_POINTS_FOLDER the folder.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <climits>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/crash/points_page.h"

namespace {

using switchyard::testing::PointsPage;

// The next function of that name: the system's own.
template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

struct Watch {
  PointsPage* page = nullptr;
  char folder[PATH_MAX] = {};
  std::size_t length = 0;

  Watch() {
    const char* file = std::getenv("SWITCHYARD_POINTS");
    const char* below = std::getenv("SWITCHYARD_POINTS_FOLDER");
    if (file == nullptr || below == nullptr || *file == '\0') return;
    const int handle = next<int (*)(const char*, int, ...)>("open")(file, O_RDWR | O_CLOEXEC);
    if (handle < 0) return;
    void* memory = ::mmap(nullptr, sizeof(PointsPage), PROT_READ | PROT_WRITE, MAP_SHARED, handle, 0);
    next<int (*)(int)>("close")(handle);
    if (memory == MAP_FAILED) return;
    std::snprintf(folder, sizeof folder, "%s/", below);
    length = std::strlen(folder);
    page = static_cast<PointsPage*>(memory);
  }

  // A relative name is one below the current folder, which is the one that is watched.
  bool below(const char* path) const {
    return page != nullptr && path != nullptr && (*path != '/' || std::strncmp(path, folder, length) == 0);
  }

  void pass(const char* what, const char* where) const {
    const std::int64_t number = 1 + __atomic_fetch_add(&page->passed, 1, __ATOMIC_SEQ_CST);
    if (number != page->fatal) return;
    std::snprintf(page->died_at, sizeof page->died_at, "%s %s", what, where);
    ::kill(::getpid(), SIGKILL);
    for (;;) ::pause();
  }

  void path(const char* what, const char* path) const {
    if (below(path)) pass(what, std::strncmp(path, folder, length) == 0 ? path + length : path);
  }

  void file(const char* what, int handle) const {
    if (page == nullptr) return;
    char link[64];
    char target[PATH_MAX];
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    const ssize_t got = ::readlink(link, target, sizeof target - 1);
    if (got <= 0) return;
    target[got] = '\0';
    if (std::strncmp(target, folder, length) == 0) pass(what, target + length);
  }

  void socket(const char* what, int handle) const {
    if (page == nullptr) return;
    int domain = 0;
    socklen_t size = sizeof domain;
    if (::getsockopt(handle, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) return;
    if (domain == AF_INET || domain == AF_INET6) pass(what, "a socket");
  }
};

const Watch& watch() {
  static const Watch one;
  return one;
}

}  // namespace

extern "C" {

#define OPENS(NAME)                                                         \
  int NAME(const char* path, int flags, ...) {                              \
    va_list more;                                                           \
    va_start(more, flags);                                                  \
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;  \
    va_end(more);                                                           \
    struct stat found {};                                                   \
    const bool makes = (flags & O_CREAT) != 0 && ::stat(path, &found) != 0; \
    if (makes || (flags & O_TRUNC) != 0) watch().path("make", path);        \
    static const auto real = next<int (*)(const char*, int, ...)>(#NAME);   \
    return real(path, flags, mode);                                         \
  }
OPENS(open)
OPENS(open64)

int mkdir(const char* path, mode_t mode) {
  watch().path("make", path);
  static const auto real = next<int (*)(const char*, mode_t)>("mkdir");
  return real(path, mode);
}

int unlink(const char* path) {
  struct stat found {};
  if (::stat(path, &found) == 0) watch().path("remove", path);
  static const auto real = next<int (*)(const char*)>("unlink");
  return real(path);
}

int rename(const char* from, const char* to) {
  watch().path("rename", from);
  static const auto real = next<int (*)(const char*, const char*)>("rename");
  return real(from, to);
}

int link(const char* from, const char* to) {
  watch().path("link", from);
  static const auto real = next<int (*)(const char*, const char*)>("link");
  return real(from, to);
}

ssize_t write(int file, const void* from, size_t count) {
  watch().file("write", file);
  static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  return real(file, from, count);
}

ssize_t writev(int file, const iovec* parts, int count) {
  watch().file("write", file);
  static const auto real = next<ssize_t (*)(int, const iovec*, int)>("writev");
  return real(file, parts, count);
}

ssize_t pwrite(int file, const void* from, size_t count, off_t offset) {
  watch().file("write", file);
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  return real(file, from, count, offset);
}

ssize_t pwrite64(int file, const void* from, size_t count, off64_t offset) {
  watch().file("write", file);
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  return real(file, from, count, offset);
}

int fsync(int file) {
  watch().file("sync", file);
  static const auto real = next<int (*)(int)>("fsync");
  return real(file);
}

int fdatasync(int file) {
  watch().file("sync", file);
  static const auto real = next<int (*)(int)>("fdatasync");
  return real(file);
}

int ftruncate(int file, off_t size) noexcept {
  watch().file("truncate", file);
  static const auto real = next<int (*)(int, off_t)>("ftruncate");
  return real(file, size);
}

int ftruncate64(int file, off64_t size) noexcept {
  watch().file("truncate", file);
  static const auto real = next<int (*)(int, off64_t)>("ftruncate64");
  return real(file, size);
}

ssize_t send(int to, const void* from, size_t count, int flags) {
  watch().socket("send on", to);
  static const auto real = next<ssize_t (*)(int, const void*, size_t, int)>("send");
  return real(to, from, count, flags);
}

ssize_t sendmsg(int to, const msghdr* message, int flags) {
  watch().socket("send on", to);
  static const auto real = next<ssize_t (*)(int, const msghdr*, int)>("sendmsg");
  return real(to, message, flags);
}

// What was received and is not taken in yet.
ssize_t recv(int from, void* into, size_t count, int flags) {
  static const auto real = next<ssize_t (*)(int, void*, size_t, int)>("recv");
  const ssize_t got = real(from, into, count, flags);
  if (got > 0) watch().socket("take in from", from);
  return got;
}

ssize_t recvmsg(int from, msghdr* message, int flags) {
  static const auto real = next<ssize_t (*)(int, msghdr*, int)>("recvmsg");
  const ssize_t got = real(from, message, flags);
  if (got > 0) watch().socket("take in from", from);
  return got;
}

}  // extern "C"
