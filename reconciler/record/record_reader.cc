#include "reconciler/record/record_reader.h"

#include <utility>

#include "reconciler/record/record_values.h"

namespace switchyard {

Result<RecordReader> RecordReader::open(const std::string& path) {
  RecordReader reader;
  reader.file_.open(path, std::ios::binary);
  if (!reader.file_)
    return Error{ErrorCode::kNotFound, "\"" + path + "\" cannot be read; name a file that --record made"};
  reader.advance();
  const std::int64_t version = reader.next_ ? reader.next_->integer_or(kRecordMember, 0) : 0;
  if (version < 1) {
    return Error{ErrorCode::kUnreadable, "\"" + path + "\" is no record; name a file that --record made"};
  }
  if (version > kRecordVersion) {
    return Error{ErrorCode::kTooNew, "\"" + path + "\" was recorded by a newer version (" +
                                         reader.next_->string_or("program", "unknown") + "); replay it with that one"};
  }
  reader.program_ = reader.next_->string_or("program", "");
  reader.advance();
  return reader;
}

void RecordReader::advance() {
  next_.reset();
  std::string text;
  if (!std::getline(file_, text)) return;
  ++line_;
  if (file_.eof()) {
    cut_short_ = true;
    return;
  }
  Result<Json> json = parse_json(text);
  if (!json.ok()) {
    trouble_ = Error{ErrorCode::kUnreadable,
                     "line " + std::to_string(line_) + " of the record cannot be read: " + json.error().message};
    return;
  }
  next_ = *std::move(json);
}

Json RecordReader::take() {
  Json taken = next_ ? *std::move(next_) : Json();
  advance();
  return taken;
}

}  // namespace switchyard
