#pragma once

#include <map>
#include <string>
#include <vector>

#include "specs/base/random.h"

namespace switchyard {

// A small fleet whose YAML changes by seed, in ways of every effect: it grows and shrinks, servers are renamed,
// resized, moved (replaced), switched off and on, and configured anew.
class CrashFleet {
 public:
  CrashFleet(Random& random, std::string endpoint);

  // One to three changes; each gives sound specs.
  void change();
  std::string yaml() const;

  struct Wanted {
    std::string name;
    std::string kind;
    bool running = true;
    int place = 0;  // the same machine under another name keeps its place
  };
  std::vector<Wanted> wanted() const;

  // From here on unbroken() counts.
  void begin_round() { broken_.clear(); }
  // Whether that place was wanted all the time and never moved: its machine must be the one it was.
  bool unbroken(int place) const { return !broken_.contains(place); }

 private:
  struct Solo {
    bool there = true;
    bool renamed = false;
    bool moved = false;
    bool moved_down = false;
    bool running = true;
    bool large = false;
    int channels = 200;
  };
  void change_once();
  void change_solo(int index);
  bool flip(bool& what);

  Random& random_;
  std::string endpoint_;
  int replicas_ = 2;
  int channels_ = 400;
  int port_ = 5080;
  bool ping_ = true;
  bool trace_ = false;
  bool media_ = true;
  int sessions_ = 1000;
  std::vector<Solo> solos_{3};
  std::map<int, bool> broken_;
};

}  // namespace switchyard
