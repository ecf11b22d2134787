#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "specs/base/json.h"

namespace switchyard {

// What a command left behind.
struct Ran {
  int exit_code = -1;               // -1: it ended by a signal
  std::string out;                  // stdout
  std::string err;                  // stderr
  std::int64_t peak_megabytes = 0;  // the most memory that it had at once
  // stdout as JSON; null when it is none.
  Json json() const;
};

// A fresh folder with a fresh HOME and no SWITCHYARD_* or SIM_* variables, in which the built program is run. It goes
// with all that is in it.
class Workplace {
 public:
  Workplace();
  ~Workplace();
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  // Set for every command from now on.
  void set_variable(const std::string& name, const std::string& value) { variables_[name] = value; }
  void write(std::string_view name, std::string_view text) const;
  std::string read(std::string_view name) const;

  // What the program's environment is: ours without what would change its ways, and the variables that were set.
  std::vector<std::string> environment() const;

  // Runs `switchyard WORDS...` to its end; stdin is /dev/null.
  Ran run(const std::vector<std::string>& words) const;

  // A program that goes on while the test does other things.
  class Running {
   public:
    ~Running();  // kills it when it still runs
    Running(Running&&) noexcept;
    Running(const Running&) = delete;
    // Waits until its stdout holds `text`; false when it ended without.
    bool wait_for(std::string_view text);
    bool wait_for_talk(std::string_view text);  // the same of its stderr
    const std::string& said() const { return ran_.out; }
    void signal(int number) const;
    Ran end();  // waits for its end

   private:
    friend class Workplace;
    Running(int pid, int out, int err) : pid_(pid), out_file_(out), err_file_(err) {}
    bool wait_until_in(const std::string& what, std::string_view text);
    bool read_more();
    int pid_;
    int out_file_;
    int err_file_;
    Ran ran_;
  };
  Running start(const std::vector<std::string>& words) const;

 private:
  std::filesystem::path folder_;
  std::map<std::string, std::string> variables_;
};

}  // namespace switchyard
