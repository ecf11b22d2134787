#pragma once

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace switchyard {

// What the caller of a failed operation does next.
enum class ErrorCode {
  kInvalid,          // never retry: what was asked for is wrong
  kNotFound,         // the far end answered that there is no such thing (404)
  kRefused,          // the far end said no; the same request will be refused again
  kRefusedForMoney,  // the far end said no for lack of money: a hold, not an error
  kUnauthorized,     // the credentials are wrong; only a person can help
  kConflict,         // busy or locked there: back off, then repeat
  kRateLimited,      // back off for `retry_after`, then repeat
  kNotSent,          // never left this machine: repeat after a back-off
  kOutcomeUnknown,   // sent, no usable answer: look before you repeat
  kUnreadable,       // an answer or a stored thing that makes no sense
  kTooNew,           // written by a newer version of this program
  kLocked,           // another process holds the lock
  kFenced,           // our lock was taken over: stop writing
  kStorage,          // disk full, read-only, I/O error
  kCancelled,        // the caller asked to stop
};

// A failure: a code that says what to do next, and a message for people
// (what is wrong, where, what to do; never a secret).
struct Error {
  ErrorCode code;
  std::string message;
  std::optional<std::chrono::milliseconds> retry_after{};

  friend bool operator==(const Error&, const Error&) = default;
};

// Nothing, as a value: the success of an operation that returns nothing.
struct Done {
  friend bool operator==(const Done&, const Done&) = default;
};

// Either a value or an Error. Reading the wrong one is a bug and aborts.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return held_.index() == 0; }
  explicit operator bool() const { return ok(); }

  const T& value() const& { return *checked(std::get_if<0>(&held_)); }
  T& value() & { return *checked(std::get_if<0>(&held_)); }
  T&& value() && { return std::move(*checked(std::get_if<0>(&held_))); }
  const Error& error() const { return *checked(std::get_if<1>(&held_)); }

  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

 private:
  template <class P>
  static P* checked(P* held) {
    if (held == nullptr) std::abort();
    return held;
  }

  std::variant<T, Error> held_;
};

}  // namespace switchyard
