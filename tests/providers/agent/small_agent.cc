// An agent with nothing behind it: what every agent links at the least. small_test.sh looks at what that draws in, and
// at the memory that it takes while strangers sit at its door.
#include <cstdio>
#include <string>

#include "providers/agent/identity.h"
#include "providers/agent/service.h"

namespace {

using namespace switchyard;

class IdleKeeper : public Keeper {
 public:
  explicit IdleKeeper(std::string folder) : folder_(std::move(folder)) {}
  Result<Done> admit(std::int64_t /*fence*/) override { return Done{}; }
  Result<Done> configure(const Configuration& /*wanted*/, Duration /*patience*/) override { return Done{}; }
  Result<Done> act(Action /*action*/, Duration /*patience*/) override { return Done{}; }
  AgentReport report() override { return AgentReport{}; }
  const std::string& folder() const override { return folder_; }

 private:
  const std::string folder_;
};

}  // namespace

// small_agent FOLDER: prints its port, and ends when its standard input does.
int main(int count, char** words) {
  if (count != 2) return 2;
  IdleKeeper keeper(words[1]);
  if (!invite(keeper.folder(), {.uid = "u1", .token = "token"})) return 1;
  const auto service = Service::open({.address = "127.0.0.1", .port = 0}, keeper);
  if (!service) return 1;
  std::printf("%d\n", static_cast<int>((*service)->port()));
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}
