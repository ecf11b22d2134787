#include "reconciler/cli/progress.h"

#include <fmt/format.h>

#include <algorithm>

namespace switchyard {
namespace {

constexpr std::string_view kClearLine = "\r\x1b[2K";
// How often a plain line repeats that an account still keeps its changes waiting.
constexpr std::chrono::minutes kSaidAgainAfter{1};

struct Word {
  std::string_view text;
  Paint paint;
};

Word word_of(Progress::What what) {
  switch (what) {
    case Progress::What::kStarted:
      return {"started", Paint::kPlain};
    case Progress::What::kStep:
    case Progress::What::kAccountWaits:
    case Progress::What::kAccountAnswers:
      return {"", Paint::kPlain};
    case Progress::What::kDone:
      return {"done", Paint::kGreen};
    case Progress::What::kHeld:
      return {"held", Paint::kCyan};
    case Progress::What::kFailed:
      return {"failed", Paint::kRed};
    case Progress::What::kStale:
      return {"stale", Paint::kMagenta};
  }
  return {"", Paint::kPlain};
}

bool has_ended(Progress::What what) {
  switch (what) {
    case Progress::What::kDone:
    case Progress::What::kHeld:
    case Progress::What::kFailed:
    case Progress::What::kStale:
      return true;
    case Progress::What::kStarted:
    case Progress::What::kStep:
    case Progress::What::kAccountWaits:
    case Progress::What::kAccountAnswers:
      return false;
  }
  return false;
}

// "create Server/lon-1".
std::string change_of(const Progress& progress) {
  const std::string resource = to_string(progress.resource);
  return progress.action ? fmt::format("{} {}", to_string(*progress.action), resource) : resource;
}

// "3 changes wait for it, next try in 5s".
std::string wait_of(const Progress& progress) {
  const std::string who = progress.waiting == 1 ? "1 change waits" : fmt::format("{} changes wait", progress.waiting);
  if (!progress.next_try || *progress.next_try <= progress.at) return who + " for it, asked again now";
  return who + " for it, next try in " + for_people(*progress.next_try - progress.at);
}

// The first `width` characters.
std::string cut(const std::string& text, std::size_t width) {
  std::size_t characters = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) continue;
    if (characters == width) return text.substr(0, at);
    ++characters;
  }
  return text;
}

}  // namespace

std::string ProgressText::line_of(const Progress& progress) const {
  const auto word = word_of(progress.what);
  auto line = fmt::format("[{}/{}] {}", progress.ended, progress.total, change_of(progress));
  if (!word.text.empty()) line += " " + paint(word.paint, word.text, colour_);
  if (!progress.text.empty()) line += ": " + harmless(progress.text);
  return line + "\n";
}

std::string ProgressText::live_line(int width) const {
  std::string line = fmt::format("[{}/{}]", ended_, total_);
  if (!waiting_.empty()) {
    // Why comes last: where the line is cut, who, how many and when are still there.
    const auto& account = waiting_.begin()->second;
    line += fmt::format(" account \"{}\": {}; it {}", account.resource.name, wait_of(account), harmless(account.text));
    return cut(line, static_cast<std::size_t>(std::max(width - 1, 10)));
  }
  if (!running_.empty()) {
    const auto& first = running_.begin()->second;
    line += " " + change_of(first);
    if (!first.text.empty()) line += " (" + harmless(first.text) + ")";
    if (running_.size() > 1) line += fmt::format(" and {} more", running_.size() - 1);
  }
  if (ended_ > 0 && ended_ < total_ && started_ && last_ > *started_) {
    const auto left = (last_ - *started_) / ended_ * (total_ - ended_);
    line += fmt::format("; about {} left", for_people(left));
  }
  return cut(line, static_cast<std::size_t>(std::max(width - 1, 10)));
}

std::string ProgressText::take_account(const Progress& progress, int width) {
  const bool waits = progress.what == Progress::What::kAccountWaits;
  const auto known = waiting_.find(progress.resource);
  const bool news = known == waiting_.end() || known->second.text != progress.text ||
                    progress.at - told_at_[progress.resource] >= kSaidAgainAfter;
  if (waits) {
    waiting_.insert_or_assign(progress.resource, progress);
  } else {
    waiting_.erase(progress.resource);
  }
  if (mode_ == Mode::kLive) {
    std::string text(drawn_ ? kClearLine : "");
    drawn_ = true;
    return text + live_line(width);
  }
  if (!news) return {};
  told_at_[progress.resource] = progress.at;
  const std::string what = waits ? harmless(progress.text) + "; " + wait_of(progress) : "answers again";
  return fmt::format("[{}/{}] account \"{}\" {}\n", progress.ended, progress.total, progress.resource.name, what);
}

std::string ProgressText::take(const Progress& progress, int width) {
  if (!started_) started_ = progress.at;
  last_ = progress.at;
  ended_ = progress.ended;
  total_ = progress.total;
  if (!progress.action) return take_account(progress, width);
  const bool ended = has_ended(progress.what);
  const auto known = running_.find(progress.change_id);
  const bool news = ended || known == running_.end() || known->second.text != progress.text;
  if (ended) {
    running_.erase(progress.change_id);
  } else {
    running_.insert_or_assign(progress.change_id, progress);
  }
  if (mode_ == Mode::kLines) return news ? line_of(progress) : std::string();
  std::string text(drawn_ ? kClearLine : "");
  if (ended) text += line_of(progress);
  text += live_line(width);
  drawn_ = true;
  return text;
}

std::string ProgressText::finish() {
  if (!drawn_) return {};
  drawn_ = false;
  return std::string(kClearLine);
}

}  // namespace switchyard
