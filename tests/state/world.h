#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include "specs/base/result.h"
#include "state/sqlite/database.h"
#include "state/store.h"

// What these tests need of the world outside: folders that go away again, processes that die.
namespace switchyard::testing {

class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Lets the test fail, and the program stop, where a Result that has to be good is not.
template <class T>
T must(Result<T> result);
void fail_because(const Error& error);

template <class T>
T must(Result<T> result) {
  if (!result.ok()) fail_because(result.error());
  return std::move(result).value();
}

// A process of its own that does `body` and ends with what it returns; a death by a signal counts 128 and the signal.
class Child {
 public:
  explicit Child(const std::function<int()>& body);
  ~Child();  // killed if it still lives
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  pid_t pid() const { return pid_; }
  void kill();  // -9, and waited for
  int wait();

 private:
  pid_t pid_;
};

// One direction between a test and a child.
class Pipe {
 public:
  Pipe();
  ~Pipe();
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void send(std::int64_t number) const;
  // Waits for a number; nothing when all writers are gone.
  std::optional<std::int64_t> receive() const;
  void close_writer();

 private:
  int ends_[2];
};

// From now on without root's rights, in a child only.
void become_nobody();

// A store that may write: opened, with the fence of a lock that is written straight into the file.
std::unique_ptr<Store> writable_store(const std::string& path);
// The file behind it, for looking at and for spoiling.
std::unique_ptr<sqlite::Database> raw(const std::string& path);
std::string bytes_of(const std::string& path);
void write_bytes(const std::string& path, const std::string& bytes);
int mode_of(const std::string& path);
bool exists(const std::string& path);

}  // namespace switchyard::testing
