#pragma once

#include <optional>
#include <string>

#include "reconciler/cli/context.h"
#include "reconciler/core/diff.h"
#include "reconciler/render/plan_view.h"
#include "specs/load.h"
#include "state/store.h"

namespace switchyard {

// A plan that was computed before from the same inputs. The core is pure (law 1): the same source bytes, the same state
// generation, options, secrets and clock give the same plan, so that remembering one changes nothing but the time it
// takes: `plan --refresh=false` of an unchanged fleet neither decodes its specs nor reads its observations. Only such
// plans are remembered: one that looks at the world first has inputs that no key knows.
//
// What the key cannot hold is checked when a plan is recalled: that secrets read the same (by a salted fingerprint),
// that embedded worlds, whose clock is the engine's, are the same files, and that `Plan::valid_until` lies ahead. A
// fleet with certificates is not remembered: whether they have run out is checked each time (design 5).
class PlanMemo {
 public:
  PlanMemo(CacheFile& cache, const Context& context, const SpecSource& source, std::int64_t generation,
           const Json& options);

  struct Remembered {
    PlanView view;
    Timestamp now;  // engine's clock
    Diagnostics warnings;
  };
  std::optional<Remembered> recall();
  void remember(const Remembered& plan, const LoadedSpecs& specs, bool embedded);

 private:
  std::string worlds_stamp(const Json& accounts) const;

  CacheFile& cache_;
  std::string folder_;
  std::string key_;
};

}  // namespace switchyard
