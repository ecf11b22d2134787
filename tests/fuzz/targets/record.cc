// A record, replayed twice.
//
// "@STATE@" and "@FLEET@" stand for an empty state and a small fleet in base64, so that seeds stay small and readable.
#include "reconciler/record/replay.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "specs/base/base64.h"
#include "state/lock.h"
#include "state/store.h"
#include "tests/fuzz/scratch.h"
#include "tests/fuzz/target.h"
#include "tests/support/source_folder.h"

namespace switchyard::fuzz {
namespace {

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string empty_state() {
  const std::string path = scratch_folder() + "/empty.db";
  {
    const auto lock = Lock::acquire(path, "fuzzer", std::chrono::hours(1), Duration{}).value();
    const auto store = Store::open(path, Store::Mode::kReadWrite).value();
    promise(store->note("clock").ok(), "an empty state can be made");
  }
  return base64(bytes_of(path));
}

// What the words stand for; the same for every input.
std::string filled_in(std::string_view bytes) {
  static const std::string kState = empty_state();
  static const std::string kFleet = base64(bytes_of(source_folder() / "tests/fuzz/record-fleet.yaml"));
  std::string text(bytes);
  int places = 0;  // a few are enough, and keep the record from growing with its every word
  for (const auto& [word, meaning] : {std::pair<std::string_view, const std::string&>{"@STATE@", kState},
                                      std::pair<std::string_view, const std::string&>{"@FLEET@", kFleet}}) {
    for (std::size_t at = text.find(word); at != std::string::npos && places < 8; ++places) {
      text.replace(at, word.size(), meaning);
      at = text.find(word, at + meaning.size());
    }
  }
  return text;
}

std::string replayed(const std::string& path) {
  const std::string folder = scratch_folder() + "/replay";
  std::filesystem::create_directory(folder);
  std::string told;
  const auto report = replay(path, folder, [&told](const ReplayStep& step) {
    told += std::to_string(step.line) + " " + to_string(step.at) + " " + step.text + "\n";
  });
  std::filesystem::remove_all(folder);
  if (!report.ok()) {
    promise(report.error().message.size() <= 4096, "an error is short");
    promise_harmless(report.error().message, "an error of a replay");
    return told + report.error().message;
  }
  promise_harmless(told, "the steps of a replay");
  if (report->parting) {
    promise_harmless(report->parting->text, "a parting");
    told += report->parting->text;
  }
  return told + std::to_string(report->parts) + " " + std::to_string(report->steps) + " " +
         std::to_string(report->calls) + (report->cut_short ? " cut" : "");
}

}  // namespace

void record(std::string_view bytes) {
  const std::string path = scratch_file("it.record", filled_in(bytes));
  const std::string once = replayed(path);
  promise_same(once, replayed(path), "a record is replayed twice alike");
}

}  // namespace switchyard::fuzz
