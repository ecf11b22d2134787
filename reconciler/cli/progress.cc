#include "reconciler/cli/progress.h"

#include <fmt/format.h>

#include <algorithm>

namespace switchyard {
namespace {

constexpr std::string_view kClearLine = "\r\x1b[2K";

struct Word {
  std::string_view text;
  Paint paint;
};

Word word_of(Progress::What what) {
  switch (what) {
    case Progress::What::kStarted:
      return {"started", Paint::kPlain};
    case Progress::What::kStep:
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
  return what != Progress::What::kStarted && what != Progress::What::kStep;
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
  auto line = fmt::format("[{}/{}] {} {}", progress.ended, progress.total, to_string(progress.action),
                          to_string(progress.resource));
  if (!word.text.empty()) line += " " + paint(word.paint, word.text, colour_);
  if (!progress.text.empty()) line += ": " + harmless(progress.text);
  return line + "\n";
}

std::string ProgressText::live_line(int width) const {
  std::string line = fmt::format("[{}/{}]", ended_, total_);
  if (!running_.empty()) {
    const auto& first = running_.begin()->second;
    line += fmt::format(" {} {}", to_string(first.action), to_string(first.resource));
    if (!first.text.empty()) line += " (" + harmless(first.text) + ")";
    if (running_.size() > 1) line += fmt::format(" and {} more", running_.size() - 1);
  }
  if (ended_ > 0 && ended_ < total_ && started_ && last_ > *started_) {
    const auto left = (last_ - *started_) / ended_ * (total_ - ended_);
    line += fmt::format("; about {} left", for_people(left));
  }
  return cut(line, static_cast<std::size_t>(std::max(width - 1, 10)));
}

std::string ProgressText::take(const Progress& progress, int width) {
  if (!started_) started_ = progress.at;
  last_ = progress.at;
  ended_ = progress.ended;
  total_ = progress.total;
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
