#pragma once

#include <string>
#include <string_view>

// What is fuzzed: functions that take any bytes and throw Broken where a promise of the product is not kept.
namespace switchyard::fuzz {

// Thrown where a promise is broken. It is no std::exception, so that no product code takes it for one of its own.
struct Broken {
  std::string promise;
};

// Throws unless it was kept.
void promise(bool kept, std::string_view what);
// Throws unless both are the same; shows where they part.
void promise_same(std::string_view one, std::string_view other, std::string_view what);
// Text for people holds no control character but the line's end: no input may move the cursor or forge a line.
void promise_harmless(std::string_view text, std::string_view what);

// The next line, without its end; it is taken off.
std::string_view take_line(std::string_view& bytes);

// One for each file of targets/, of the same name.
void agent_answers(std::string_view bytes);
void command_line(std::string_view bytes);
void fleet(std::string_view bytes);
void plan_file(std::string_view bytes);
void provider_answers(std::string_view bytes);
void record(std::string_view bytes);
void requests(std::string_view bytes);
void state_file(std::string_view bytes);
void state_rows(std::string_view bytes);
void values(std::string_view bytes);
void world_seen(std::string_view bytes);
void yaml(std::string_view bytes);

}  // namespace switchyard::fuzz
