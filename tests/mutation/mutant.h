#pragma once

// Included in front of each broken copy that breaks.py writes. All mutants of a file are compiled in; the number in the
// environment says which one is alive, so that thousands of them cost one build. mutant.cc holds what is kept about
// them.
namespace mutant {

// Which one is alive: MUTANT in the environment, 0 for none.
int alive();
// One byte a mutant: 1 once its place was come by. Written to the file MUTANTS_REACHED at exit.
extern unsigned char* const reached;

inline bool on(int number) {
  static const int the_one = alive();
  reached[number] = 1;
  return number == the_one;
}

// What an operator is, and what it becomes. Templates, since money, times and numbers are all broken the same way.
template <class A, class B>
auto add(int number, const A& a, const B& b) {
  return on(number) ? a - b : a + b;
}
template <class A, class B>
auto subtract(int number, const A& a, const B& b) {
  return on(number) ? a + b : a - b;
}
template <class A, class B>
auto multiply(int number, const A& a, const B& b) {
  return on(number) ? a / b : a * b;
}
template <class A, class B>
auto divide(int number, const A& a, const B& b) {
  return on(number) ? a * b : a / b;
}
template <class A, class B>
auto modulo(int number, const A& a, const B& b) {
  return on(number) ? a * b : a % b;
}
template <class A>
auto negate(int number, const A& a) {
  return on(number) ? a : -a;
}
template <class A, class B>
bool less(int number, const A& a, const B& b) {
  return on(number) ? a <= b : a < b;
}
template <class A, class B>
bool less_equal(int number, const A& a, const B& b) {
  return on(number) ? a < b : a <= b;
}
template <class A, class B>
bool greater(int number, const A& a, const B& b) {
  return on(number) ? a >= b : a > b;
}
template <class A, class B>
bool greater_equal(int number, const A& a, const B& b) {
  return on(number) ? a > b : a >= b;
}
template <class T>
T max(int number, const T& a, const T& b) {
  return (a < b) != on(number) ? b : a;
}
template <class T>
T min(int number, const T& a, const T& b) {
  return (b < a) != on(number) ? b : a;
}

}  // namespace mutant
