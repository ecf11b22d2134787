#include "tests/state/world.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace switchyard::testing {

TempFolder::TempFolder() : path_((std::filesystem::temp_directory_path() / "state-test-XXXXXX").string()) {
  if (::mkdtemp(path_.data()) == nullptr) std::abort();
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void fail_because(const Error& error) {
  std::fprintf(stderr, "unexpected error: %s\n", error.message.c_str());
  std::abort();
}

Child::Child(const std::function<int()>& body) : pid_(::fork()) {
  if (pid_ == 0) ::_exit(body());
}

Child::~Child() {
  if (pid_ > 0) kill();
}

void Child::kill() {
  ::kill(pid_, SIGKILL);
  wait();
}

int Child::wait() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Pipe::Pipe() {
  if (::pipe(ends_) != 0) std::abort();
}

Pipe::~Pipe() {
  ::close(ends_[0]);
  close_writer();
}

void Pipe::send(std::int64_t number) const {
  if (::write(ends_[1], &number, sizeof number) != sizeof number) std::abort();
}

std::optional<std::int64_t> Pipe::receive() const {
  std::int64_t number = 0;
  if (::read(ends_[0], &number, sizeof number) != sizeof number) return std::nullopt;
  return number;
}

void Pipe::close_writer() {
  if (ends_[1] >= 0) ::close(ends_[1]);
  ends_[1] = -1;
}

void become_nobody() {
  constexpr unsigned kNobody = 65534;
  if (::geteuid() != 0) return;
  if (::setresgid(kNobody, kNobody, kNobody) != 0 || ::setresuid(kNobody, kNobody, kNobody) != 0) ::_exit(99);
}

std::unique_ptr<Store> writable_store(const std::string& path) {
  auto store = must(Store::open(path, Store::Mode::kReadWrite));
  const auto fence = must(raw(path)->number("UPDATE lock SET fence = fence + 1 RETURNING fence"));
  store->set_fence(fence);
  return store;
}

std::unique_ptr<sqlite::Database> raw(const std::string& path) {
  return must(
      sqlite::Database::open(path, {.access = sqlite::Database::Access::kReadWrite, .if_damaged = "restore a backup"}));
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
}

int mode_of(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? static_cast<int>(found.st_mode & 07777U) : -1;
}

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

}  // namespace switchyard::testing
