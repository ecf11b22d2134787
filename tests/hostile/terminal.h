#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/command.h"

namespace switchyard {

// The program on a terminal of its own (a pty), with a person's hands on the keys. It is the leader of its session.
class Terminal {
 public:
  enum class HangUp { kIsASignal, kIsIgnored };  // ignored: as under nohup
  // `typed_ahead`: keys pressed before the program has begun.
  Terminal(const Workplace& work, const std::vector<std::string>& words, std::string_view typed_ahead = {},
           HangUp hang_up = HangUp::kIsASignal);
  ~Terminal();  // kills what still runs
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void press(std::string_view keys) const;
  // Waits until the screen has shown `text`; false when the program ended without.
  bool wait_for(std::string_view text);
  const std::string& shown() const { return shown_; }
  void resize(int columns, int rows) const;
  void signal(int number) const;
  void wait_until_stopped() const;
  void close();  // the window is gone
  // Waits for the program's end: its exit code, or -1 for a death by a signal.
  int end();

 private:
  bool read_more();
  int screen_ = -1;
  int pid_ = -1;
  std::string shown_;
};

}  // namespace switchyard
