#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "state/sqlite/migration.h"

// How the files of the state are opened: who may read them, and what is done where nothing may be written.
namespace switchyard {

// A folder of our own (0700) below the system's folder for temporary files; removed with all in it.
class PrivateFolder {
 public:
  static Result<std::unique_ptr<PrivateFolder>> make();
  ~PrivateFolder();
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit PrivateFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

struct OpenedFile {
  std::unique_ptr<PrivateFolder> copied_to;  // where it could only be read from a copy; outlives `database`
  std::unique_ptr<sqlite::Database> database;
  bool missing = false;               // no such file: `database` is empty and in memory
  std::int64_t log_bytes_before = 0;  // size of the write-ahead log found before opening
};

// For reading only; works without write permission and creates nothing. An older version is brought up to date in
// memory. Errors: kStorage, kUnreadable, kTooNew.
Result<OpenedFile> open_for_reading(const std::string& path, const sqlite::Format& format,
                                    const std::string& if_damaged);

// For reading and writing: made with its folders (0700) and for its owner only (0600) when missing, migrated when it is
// older. Errors: kStorage, kUnreadable, kTooNew.
Result<OpenedFile> open_for_writing(const std::string& path, const sqlite::Format& format,
                                    const std::string& if_damaged);

// One in memory.
Result<OpenedFile> open_in_memory(const sqlite::Format& format);

// Makes names in this folder durable.
Result<Done> sync_folder(const std::filesystem::path& folder);
// The folder that a file lies in; "." for a bare name.
std::filesystem::path folder_of(const std::string& path);
// Bytes; 0 when it is not there.
std::int64_t size_of(const std::string& path);

}  // namespace switchyard
