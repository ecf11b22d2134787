#pragma once

#include <string>
#include <string_view>

#include "specs/base/result.h"

// Files that survive a crash: after one, each holds its old text or its new one, never a part. All are 0600, because a
// server's configuration holds its secrets.
namespace switchyard {

// Written beside it, synced, renamed over it; the folder is synced. Error: kStorage.
Result<Done> write_durably(const std::string& path, std::string_view text);

// Errors: kNotFound, kStorage.
Result<std::string> read_text(const std::string& path);

// Makes `link` a symlink to `target`, in one step; the folder is synced. Error: kStorage.
Result<Done> point_link(const std::string& link, const std::string& target);

// Makes a folder 0700 when it is not there. Error: kStorage.
Result<Done> make_folder(const std::string& path);

// Removes a folder with all that is in it; one that is not there is success. Error: kStorage.
Result<Done> remove_folder(const std::string& path);

}  // namespace switchyard
