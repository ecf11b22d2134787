// Times, durations, amounts, keys, base64, JSON: read, written, read again.
#include "specs/base/base64.h"
#include "specs/base/json.h"
#include "specs/base/key.h"
#include "specs/base/money.h"
#include "specs/base/timestamp.h"
#include "tests/fuzz/target.h"

namespace switchyard::fuzz {
namespace {

void check_times(std::string_view text) {
  if (const Result<Timestamp> time = parse_timestamp(text); time.ok()) {
    const Result<Timestamp> back = parse_timestamp(to_string(*time));
    promise(back.ok() && *back == *time, "a time survives its text \"" + to_string(*time) + "\"");
  }
  if (const Result<Duration> span = parse_duration(text); span.ok()) {
    const Result<Duration> back = parse_duration(to_string(*span));
    promise(back.ok() && *back == *span, "a duration survives its text \"" + to_string(*span) + "\"");
    promise(!for_people(*span).empty(), "a duration can be shown");
  }
}

void check_amounts(std::string_view text) {
  for (const std::string_view code : {"USD", "JPY", "BHD"}) {
    const Result<Currency> currency = Currency::parse(code);
    if (const Result<Money> money = parse_money(text, *currency); money.ok()) {
      const Result<Money> back = parse_money(to_string(*money), *currency);
      promise(back.ok() && *back == *money, "an amount survives its text");
      const Result<Money> rounded = parse_money_rounding_down(text, *currency);
      promise(rounded.ok() && *rounded == *money, "an exact amount is not rounded");
    } else if (const Result<Money> rounded = parse_money_rounding_down(text, *currency); rounded.ok()) {
      const Result<Money> back = parse_money(to_string(*rounded), *currency);
      promise(back.ok() && *back == *rounded, "a rounded amount survives its text");
    }
    if (const Result<Rate> rate = parse_rate(text, *currency); rate.ok()) {
      const Result<Rate> back = parse_rate(to_string(*rate), *currency);
      promise(back.ok() && *back == *rate, "a rate survives its text");
    }
  }
}

void check_json(std::string_view text) {
  const Result<Json> json = parse_json(text);
  if (!json.ok()) {
    promise_harmless(json.error().message, "a complaint about JSON");
    return;
  }
  for (const std::string& written : {to_string(*json), to_pretty_string(*json)}) {
    promise_harmless(written, "written JSON");
    const Result<Json> back = parse_json(written);
    promise(back.ok(), "written JSON can be read");
    promise_same(to_string(*back), to_string(*json), "JSON survives its text");
    promise(*back == *json, "JSON survives its text as the same value");
  }
}

}  // namespace

void values(std::string_view bytes) {
  check_times(bytes);
  check_amounts(bytes);
  if (const std::optional<Key> key = parse_key(bytes)) {
    promise(parse_key(to_string(*key)) == key, "a key survives its text");
  }
  if (const auto decoded = from_base64(bytes)) {
    promise(from_base64(base64(*decoded)) == decoded, "base64 survives");
  }
  check_json(bytes);
}

}  // namespace switchyard::fuzz
