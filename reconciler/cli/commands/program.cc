#include "reconciler/cli/commands/commands.h"

namespace switchyard {

Command whole_program() {
  return {
      .name = "switchyard",
      .sentence = "Keeps a fleet of SIP servers the way its YAML says.",
      .example = "switchyard plan fleet/\nswitchyard apply fleet/",
      .commands = {validate_command(), plan_command(),    apply_command(),      destroy_command(), drift_command(),
                   run_command(),      get_command(),     describe_command(),   why_command(),     action_command(),
                   events_command(),   suspend_command(), resume_command(),     freeze_command(),  unfreeze_command(),
                   import_command(),   export_command(),  explain_command(),    schema_command(),  sim_command(),
                   state_command(),    replay_command(),  completion_command(), version_command()}};
}

Argument paths_argument() {
  return {.name = "PATH", .help = "YAML files, or folders of them", .takes = Takes::kPath, .least = 1, .most = -1};
}

Option path_option() {
  return {.name = "path",
          .help = "where the specs are; default: those of the last plan or apply, else the current folder",
          .takes = Takes::kPath,
          .value = "PATH",
          .repeatable = true};
}

}  // namespace switchyard
