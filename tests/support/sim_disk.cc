#include "tests/support/sim_disk.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include "tests/support/sim_locks.h"

namespace switchyard::testing {
namespace {

// One file with what its open handles share: bytes, locks, and the memory in which its log's index lies.
struct Inode {
  SimFile content;
  SimLocks locks;
  std::vector<std::vector<char>> index;
  int index_users = 0;
};

using Names = std::map<std::string, std::shared_ptr<Inode>>;

}  // namespace

struct SimDisk::Impl {
  std::string folder;  // with a slash at its end
  std::function<DiskAnswer(const DiskEffect&)> on_effect;
  bool on = true;
  std::int64_t life = 0;  // counts power failures: handles of an older one are dead
  Names names;            // as programs see them
  Names synced_names;     // as they would be found if the power went now

  void power_off() {
    on = false;
    ++life;
  }
};

namespace {

struct Handle {
  std::shared_ptr<SimDisk::Impl> disk;
  std::shared_ptr<Inode> inode;
  std::string name;
  std::int64_t life;
  bool removed_on_close;
  bool syncs_folder;  // of a new log: SQLite syncs its folder with its first sync, which makes all names there durable
  int level = SimLocks::kNone;
  bool uses_index = false;
  SimLocks::OfIndex of_index{};

  bool dead() const { return !disk->on || disk->life != life; }
};

struct File {
  sqlite3_file base;
  Handle* handle;
};

Handle& of(sqlite3_file* file) {
  return *reinterpret_cast<File*>(file)->handle;
}

// Asks about an effect and carries it out where it reaches the caches. 0, or SQLite's code for what went wrong.
template <class Carry>
int carry_out(SimDisk::Impl& disk, const DiskEffect& effect, int io_error, const Carry& carry) {
  if (!disk.on) return io_error;
  switch (disk.on_effect ? disk.on_effect(effect) : DiskAnswer::kDone) {
    case DiskAnswer::kDone:
      carry();
      return SQLITE_OK;
    case DiskAnswer::kIoError:
      return io_error;
    case DiskAnswer::kFull:
      return SQLITE_FULL;
    case DiskAnswer::kPowerOff:
      if (effect.what != DiskEffect::What::kSync) carry();
      disk.power_off();
      return io_error;
  }
  return io_error;
}

int lock(sqlite3_file* file, int level) {
  Handle& handle = of(file);
  if (handle.dead()) return SQLITE_IOERR_LOCK;
  return handle.inode->locks.raise(&handle, handle.level, level) ? SQLITE_OK : SQLITE_BUSY;
}

int unlock(sqlite3_file* file, int level) {
  Handle& handle = of(file);
  if (!handle.dead()) handle.inode->locks.lower(&handle, handle.level, level);
  return SQLITE_OK;
}

int check_reserved_lock(sqlite3_file* file, int* found) {
  const Handle& handle = of(file);
  *found = !handle.dead() && handle.inode->locks.is_reserved() ? 1 : 0;
  return handle.dead() ? SQLITE_IOERR_CHECKRESERVEDLOCK : SQLITE_OK;
}

// The index of the log.

int index_map(sqlite3_file* file, int number, int size, int extend, void volatile** memory) {
  Handle& handle = of(file);
  *memory = nullptr;
  if (handle.dead()) return SQLITE_IOERR_SHMMAP;
  Inode& inode = *handle.inode;
  if (!std::exchange(handle.uses_index, true)) ++inode.index_users;
  const auto at = static_cast<std::size_t>(number);
  if (inode.index.size() <= at && extend == 0) return SQLITE_OK;
  // Each region stays where it is while others are added behind it: SQLite keeps pointers into them.
  while (inode.index.size() <= at) inode.index.emplace_back(static_cast<std::size_t>(size));
  *memory = inode.index[at].data();
  return SQLITE_OK;
}

int index_lock(sqlite3_file* file, int first, int count, int flags) {
  Handle& handle = of(file);
  const bool takes = (flags & SQLITE_SHM_LOCK) != 0;
  if (handle.dead()) return takes ? SQLITE_IOERR_SHMLOCK : SQLITE_OK;
  if (!takes) {
    handle.inode->locks.free(handle.of_index, first, count);
    return SQLITE_OK;
  }
  const bool to_write = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  return handle.inode->locks.take(&handle, handle.of_index, first, count, to_write) ? SQLITE_OK : SQLITE_BUSY;
}

void index_barrier(sqlite3_file* /*file*/) {}

int index_unmap(sqlite3_file* file, int /*remove*/) {
  Handle& handle = of(file);
  if (handle.dead() || !std::exchange(handle.uses_index, false)) return SQLITE_OK;
  Inode& inode = *handle.inode;
  if (--inode.index_users == 0) inode.index.clear();
  return SQLITE_OK;
}

// Bytes.

int close(sqlite3_file* file) {
  unlock(file, SQLITE_LOCK_NONE);
  index_unmap(file, 0);
  Handle* handle = std::exchange(reinterpret_cast<File*>(file)->handle, nullptr);
  if (!handle->dead() && handle->removed_on_close) handle->disk->names.erase(handle->name);
  delete handle;
  return SQLITE_OK;
}

int read(sqlite3_file* file, void* into, int count, sqlite3_int64 offset) {
  const Handle& handle = of(file);
  if (handle.dead()) return SQLITE_IOERR_READ;
  const std::string& bytes = handle.inode->content.bytes();
  const auto from = std::min(bytes.size(), static_cast<std::size_t>(offset));
  const auto got = std::min(bytes.size() - from, static_cast<std::size_t>(count));
  std::memset(into, 0, static_cast<std::size_t>(count));
  std::memcpy(into, bytes.data() + from, got);
  return got == static_cast<std::size_t>(count) ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

int write(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
  Handle& handle = of(file);
  if (handle.dead()) return SQLITE_IOERR_WRITE;
  return carry_out(*handle.disk, {DiskEffect::What::kWrite, handle.name, offset, count}, SQLITE_IOERR_WRITE, [&] {
    handle.inode->content.write(offset, {static_cast<const char*>(from), static_cast<std::size_t>(count)});
  });
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  Handle& handle = of(file);
  if (handle.dead()) return SQLITE_IOERR_TRUNCATE;
  return carry_out(*handle.disk, {DiskEffect::What::kTruncate, handle.name, size}, SQLITE_IOERR_TRUNCATE,
                   [&] { handle.inode->content.truncate(size); });
}

int sync(sqlite3_file* file, int /*flags*/) {
  Handle& handle = of(file);
  if (handle.dead()) return SQLITE_IOERR_FSYNC;
  return carry_out(*handle.disk, {DiskEffect::What::kSync, handle.name}, SQLITE_IOERR_FSYNC, [&] {
    handle.inode->content.sync();
    if (std::exchange(handle.syncs_folder, false)) handle.disk->synced_names = handle.disk->names;
  });
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  if (of(file).dead()) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>(of(file).inode->content.bytes().size());
  return SQLITE_OK;
}

int file_control(sqlite3_file* /*file*/, int /*what*/, void* /*with*/) {
  return SQLITE_NOTFOUND;
}

int sector_size(sqlite3_file* /*file*/) {
  return 4096;
}

int device_characteristics(sqlite3_file* /*file*/) {
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

constexpr sqlite3_io_methods kMethods{.iVersion = 2,
                                      .xClose = close,
                                      .xRead = read,
                                      .xWrite = write,
                                      .xTruncate = truncate,
                                      .xSync = sync,
                                      .xFileSize = file_size,
                                      .xLock = lock,
                                      .xUnlock = unlock,
                                      .xCheckReservedLock = check_reserved_lock,
                                      .xFileControl = file_control,
                                      .xSectorSize = sector_size,
                                      .xDeviceCharacteristics = device_characteristics,
                                      .xShmMap = index_map,
                                      .xShmLock = index_lock,
                                      .xShmBarrier = index_barrier,
                                      .xShmUnmap = index_unmap,
                                      .xFetch = nullptr,
                                      .xUnfetch = nullptr};

// All disks that live, and SQLite's way to them. It is one for the process, as SQLite's list of VFSs is.
class Door {
 public:
  static Door& of_process() {
    static Door door;
    return door;
  }

  void add(const std::shared_ptr<SimDisk::Impl>& disk, std::uint64_t seed) {
    const std::scoped_lock guard(mutex_);
    if (disks_.empty()) open();
    disks_.push_back(disk);
    random_ = Random(seed);
    sqlite3_randomness(0, nullptr);  // drawn anew, from here
  }

  void remove(const std::shared_ptr<SimDisk::Impl>& disk) {
    const std::scoped_lock guard(mutex_);
    std::erase(disks_, disk);
    if (disks_.empty()) sqlite3_vfs_unregister(&vfs_);
  }

  // The disk that a path lies on and the file's name there; nullptr: on the real one.
  std::pair<std::shared_ptr<SimDisk::Impl>, std::string> find(const char* path) {
    if (path == nullptr) return {};
    const std::scoped_lock guard(mutex_);
    const std::string_view text(path);
    for (const auto& disk : disks_) {
      if (text.starts_with(disk->folder)) return {disk, std::string(text.substr(disk->folder.size()))};
    }
    return {};
  }

  sqlite3_vfs* real() { return real_; }

 private:
  void open();
  static int randomness(sqlite3_vfs* /*vfs*/, int count, char* into) {
    for (int i = 0; i < count; ++i) into[i] = static_cast<char>(of_process().random_.next());
    return count;
  }

  std::mutex mutex_;
  std::vector<std::shared_ptr<SimDisk::Impl>> disks_;
  Random random_{0};
  sqlite3_vfs* real_ = nullptr;
  sqlite3_vfs vfs_{};
};

int open_file(sqlite3_vfs* /*vfs*/, const char* path, sqlite3_file* file, int flags, int* got) {
  Door& door = Door::of_process();
  auto [disk, name] = door.find(path);
  if (disk == nullptr) return door.real()->xOpen(door.real(), path, file, flags, got);
  file->pMethods = nullptr;
  if (!disk->on) return SQLITE_CANTOPEN;
  auto found = disk->names.find(name);
  bool fresh = false;
  if (found == disk->names.end()) {
    // The product makes the database itself, so that nobody else may read it: an empty file on the real disk.
    int there = 0;
    door.real()->xAccess(door.real(), path, SQLITE_ACCESS_READWRITE, &there);
    if (there == 0 && (flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    fresh = there == 0;
    const auto make = [&, &its_disk = *disk, &its_name = name] {
      found = its_disk.names.emplace(its_name, std::make_shared<Inode>()).first;
      if (!fresh) its_disk.synced_names.emplace(*found);
    };
    const int code = fresh ? carry_out(*disk, {DiskEffect::What::kMake, name}, SQLITE_CANTOPEN, make) : (make(), 0);
    if (code != SQLITE_OK) return code;
  }
  const bool is_log = (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL)) != 0;
  auto* handle = new Handle{.disk = disk,
                            .inode = found->second,
                            .name = name,
                            .life = disk->life,
                            .removed_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0,
                            .syncs_folder = fresh && is_log};
  reinterpret_cast<File*>(file)->handle = handle;
  file->pMethods = &kMethods;
  if (got != nullptr) *got = flags;
  return SQLITE_OK;
}

int remove_file(sqlite3_vfs* /*vfs*/, const char* path, int sync_folder) {
  Door& door = Door::of_process();
  const auto [disk, name] = door.find(path);
  if (disk == nullptr) return door.real()->xDelete(door.real(), path, sync_folder);
  if (!disk->names.contains(name)) return SQLITE_IOERR_DELETE_NOENT;
  return carry_out(*disk, {DiskEffect::What::kRemove, name}, SQLITE_IOERR_DELETE,
                   [&, &its_disk = *disk, &its_name = name] {
                     its_disk.names.erase(its_name);
                     if (sync_folder != 0) its_disk.synced_names = its_disk.names;
                   });
}

int access_file(sqlite3_vfs* /*vfs*/, const char* path, int flags, int* there) {
  Door& door = Door::of_process();
  const auto [disk, name] = door.find(path);
  if (disk != nullptr && !disk->on) return SQLITE_IOERR_ACCESS;
  if (disk != nullptr && disk->names.contains(name)) {
    // SQLite asks whether a log "exists" and means one with content.
    *there = flags != SQLITE_ACCESS_EXISTS || !disk->names.at(name)->content.bytes().empty() ? 1 : 0;
    return SQLITE_OK;
  }
  return door.real()->xAccess(door.real(), path, flags, there);
}

void Door::open() {
  real_ = sqlite3_vfs_find("unix");
  vfs_ = *real_;
  vfs_.szOsFile = std::max(real_->szOsFile, static_cast<int>(sizeof(File)));
  vfs_.pNext = nullptr;
  vfs_.zName = "switchyard-sim-disk";
  vfs_.xOpen = open_file;
  vfs_.xDelete = remove_file;
  vfs_.xAccess = access_file;
  vfs_.xRandomness = randomness;
  sqlite3_vfs_register(&vfs_, 1);
}

}  // namespace

std::string to_text(const DiskEffect& effect) {
  switch (effect.what) {
    case DiskEffect::What::kMake:
      return "make " + effect.file;
    case DiskEffect::What::kWrite:
      return fmt::format("write {} bytes at {} of {}", effect.bytes, effect.offset, effect.file);
    case DiskEffect::What::kTruncate:
      return fmt::format("truncate {} to {} bytes", effect.file, effect.offset);
    case DiskEffect::What::kSync:
      return "sync " + effect.file;
    case DiskEffect::What::kRemove:
      return "remove " + effect.file;
  }
  return "?";
}

SimDisk::SimDisk(const std::string& folder, std::uint64_t seed) : impl_(std::make_shared<Impl>()) {
  impl_->folder = folder + "/";
  Door::of_process().add(impl_, seed);
}

SimDisk::~SimDisk() {
  impl_->power_off();
  Door::of_process().remove(impl_);
}

void SimDisk::set_on_effect(std::function<DiskAnswer(const DiskEffect&)> on_effect) {
  impl_->on_effect = std::move(on_effect);
}

bool SimDisk::is_on() const {
  return impl_->on;
}

void SimDisk::power_off() {
  impl_->power_off();
}

void SimDisk::power_on(PowerLoss loss) {
  Random random(loss.seed);
  std::map<std::string, std::string> left;
  Names all = impl_->names;
  all.insert(impl_->synced_names.begin(), impl_->synced_names.end());
  for (const auto& [name, any] : all) {
    const auto seen = impl_->names.find(name);
    const auto synced = impl_->synced_names.find(name);
    // A name that came or went unsynced is found as either.
    bool newer = loss.keeps == PowerLoss::Keeps::kAll;
    if (loss.keeps == PowerLoss::Keeps::kSome || loss.keeps == PowerLoss::Keeps::kTorn) newer = random.below(2) == 0;
    const bool there = newer ? seen != impl_->names.end() : synced != impl_->synced_names.end();
    if (there) left[name] = (newer ? seen : synced)->second->content.after(loss.keeps, random);
  }
  restore(left);
  impl_->on = true;
}

std::map<std::string, std::string> SimDisk::files() const {
  std::map<std::string, std::string> all;
  for (const auto& [name, inode] : impl_->names) all.emplace(name, inode->content.bytes());
  return all;
}

void SimDisk::restore(const std::map<std::string, std::string>& files) {
  ++impl_->life;
  impl_->names.clear();
  for (const auto& [name, bytes] : files) {
    auto inode = std::make_shared<Inode>();
    inode->content = SimFile(bytes);
    impl_->names.emplace(name, std::move(inode));
  }
  impl_->synced_names = impl_->names;
}

}  // namespace switchyard::testing
