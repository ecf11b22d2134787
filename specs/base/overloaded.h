#pragma once

namespace switchyard {

// One function for each alternative of a variant: std::visit(Overloaded{[](const A&) {...}, [](const B&) {...}}, one).
template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
// Said although the standard says it, because clang 14 does not know.
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

}  // namespace switchyard
