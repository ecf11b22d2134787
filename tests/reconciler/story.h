#pragma once

#include <gtest/gtest.h>

#include <string>

#include "specs/base/random.h"
#include "tests/reconciler/fleet_fixture.h"

namespace switchyard::testing {

// What tests of whole stories share: a fleet that is edited and disturbed, and how it is told when one fails.

// Hundreds of fleets in one test: they share a lock.
class Stories : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { lock_ = test_lock().release(); }
  static void TearDownTestSuite() {
    delete lock_;
    lock_ = nullptr;
  }
  static Fleet::Options options(std::uint64_t seed) { return {.seed = seed, .lock = lock_}; }
  static inline Lock* lock_ = nullptr;
};

// No limit of destroys.
PlanOptions generous();

// The world and the audit trail's last lines.
std::string tail(Fleet& fleet);

// Every wanted server is there once, with its mark; nothing else carries a mark; no server has no owner.
void expect_the_wanted_and_no_other(Fleet& fleet, const std::string& when);

std::string words(const ApplyReport& report);
std::string words(const Plan& plan);

// Something happens to one server that nobody asked for. Says what.
std::string disturb(Random& random, Fleet& fleet);

}  // namespace switchyard::testing
