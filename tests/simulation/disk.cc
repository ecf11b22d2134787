#include "tests/simulation/disk.h"

#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace switchyard::simulation {
namespace {

std::filesystem::path fresh_folder() {
  // Memory where there is any: a simulated month syncs thousands of times.
  const bool memory = ::access("/dev/shm", W_OK) == 0;
  std::string name = memory ? "/dev/shm" : std::filesystem::temp_directory_path();
  name += "/switchyard-simulation-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) std::abort();
  return name;
}

// A test's own disk does not fail; if it does, nothing that follows would mean anything.
template <class T>
T sure(Result<T> result) {
  return std::move(result).value();
}

}  // namespace

Disk::Disk() : folder_(fresh_folder()) {}

Disk::~Disk() {
  onlooker_.reset();
  raw_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Store& Disk::onlooker() {
  if (!onlooker_) sure(open_store());  // made before anybody looks
  if (!onlooker_) onlooker_ = sure(Store::open(path(), Store::Mode::kReadOnly));
  return *onlooker_;
}

sqlite::Database& Disk::raw() {
  if (!raw_) {
    sure(open_store());
    raw_ = sure(sqlite::Database::open(path(), {.access = sqlite::Database::Access::kReadWrite, .if_damaged = {}}));
  }
  return *raw_;
}

LockRow Disk::lock_row() {
  return sure(read_lock(raw()));
}

bool Disk::committed() {
  const std::int64_t version = sure(raw().number("PRAGMA data_version"));
  return std::exchange(version_, version) != version;
}

void Disk::leave_behind(LockRow row, Where where) {
  if (where == Where::kElsewhere) {
    row.host = "elsewhere";
    row.boot = "another";
  }
  sure(write_lock(raw(), row));
}

}  // namespace switchyard::simulation
