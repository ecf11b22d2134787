#pragma once

#include "reconciler/cli/command.h"

// One function for each command of design 6: its table, with the function that runs it.
namespace switchyard {

Command validate_command();
Command plan_command();
Command apply_command();
Command destroy_command();
Command drift_command();
Command run_command();
Command get_command();
Command describe_command();
Command why_command();
Command action_command();
Command events_command();
Command suspend_command();
Command resume_command();
Command freeze_command();
Command unfreeze_command();
Command import_command();
Command export_command();
Command explain_command();
Command schema_command();
Command sim_command();
Command state_command();
Command replay_command();
Command completion_command();
Command version_command();

// All of them below `switchyard`.
Command whole_program();

// The argument and option that several share.
Argument paths_argument();
Option path_option();

}  // namespace switchyard
