#include "reconciler/cli/planning.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "reconciler/cli/progress.h"
#include "reconciler/cli/question.h"
#include "reconciler/cli/report.h"
#include "reconciler/render/plan_text.h"
#include "reconciler/render/words.h"

namespace switchyard {
namespace {

// Sends what the engine reports to stderr as it comes.
class ProgressWriter {
 public:
  explicit ProgressWriter(Output& out)
      : out_(out),
        text_(out.talk_is_terminal() ? ProgressText::Mode::kLive : ProgressText::Mode::kLines, out.talk_colour()) {}
  ~ProgressWriter() { out_.talk(text_.finish()); }
  ProgressWriter(const ProgressWriter&) = delete;
  ProgressWriter& operator=(const ProgressWriter&) = delete;

  void write(const Progress& progress) { out_.talk(text_.take(progress, out_.talk_width())); }

 private:
  Output& out_;
  ProgressText text_;
};

int without_agreement(Context& context, Answered answered) {
  switch (answered) {
    case Answered::kYes:
      return 0;
    case Answered::kNo:
      return context.fail({ErrorCode::kCancelled, "not agreed to; nothing was done"});
    case Answered::kInterrupted:
      context.fail({ErrorCode::kCancelled, "interrupted; nothing was done"});
      return 4;
    case Answered::kLockLost:
      return 1;
  }
  return 1;
}

}  // namespace

PlanView with_places(Session& session, Plan plan, const Context& context) {
  // Each look-up reads a file again: 2 MB of YAML are a quarter of a second. What is beyond that shows its document's
  // line, and JSON has no lines of fields at all.
  std::int64_t bytes_left = context.json() ? 0 : 2'000'000;
  const auto lookup = [&](const Key& key, std::string_view path) -> std::optional<Source> {
    const auto* server = session.fleet().server(key);
    if (server == nullptr || bytes_left <= 0) return std::nullopt;
    std::error_code failed;
    const auto size = std::filesystem::file_size(server->source.file, failed);
    if (!failed) bytes_left -= static_cast<std::int64_t>(size);
    return find_field_source(session.specs(), key, path);
  };
  return view_of(std::move(plan), session.fleet(), session.engine().view().accounts, lookup);
}

PlanView plan_now(Session& session, const PlanOptions& options, const Context& context) {
  return with_places(session, session.engine().plan(options), context);
}

int could_not_look(Context& context, const Error& error) {
  const int code = context.fail(error);
  return error.code == ErrorCode::kCancelled ? 4 : code;
}

void tell_of_trouble(Context& context, const WorldView& world) {
  for (const auto& account : world.accounts) {
    if (!account.trouble) continue;
    context.say(fmt::format("{} account \"{}\" could not be looked at: {}",
                            paint(Paint::kYellow, "warning:", context.out().talk_colour()), account.name,
                            harmless(account.trouble->message)));
  }
}

Result<Done> check_what_if(Session& session, const PlanOptions& options) {
  if (!options.what_if_balance) return Done{};
  auto as_it_is = options;
  as_it_is.what_if_balance.reset();
  for (const auto& money : session.engine().plan(as_it_is).balances) {
    if (money.available && *money.available < *options.what_if_balance) {
      return Error{
          ErrorCode::kInvalid,
          fmt::format("--what-if-balance {}: account \"{}\" has {} available; apply spends no more than is there, "
                      "use it with plan",
                      to_string(*options.what_if_balance), money.account, for_people(*money.available))};
    }
  }
  return Done{};
}

Result<ApplyReport> with_progress(
    Context& context, const std::function<Result<ApplyReport>(const std::function<void(const Progress&)>&)>& work) {
  ProgressWriter writer(context.out());
  return work([&writer](const Progress& progress) { writer.write(progress); });
}

int carry_out(Context& context, Session& session, const Approval& approval) {
  const auto& plan = approval.view.plan;
  if (!context.json()) {
    context.result(render_plan(approval.view, session.engine().now(), context.out().result_colour()));
  }
  if (!plan.changes.empty() && !approval.auto_approve) {
    if (!input_is_terminal()) {
      return context.fail(
          {ErrorCode::kInvalid, "nothing was done: there is no terminal to ask at; use --auto-approve to go without"});
    }
    // Nobody agrees to what was not shown: with --json the plan for people goes where the question goes.
    if (context.json()) {
      context.out().talk(render_plan(approval.view, session.engine().now(), context.out().talk_colour()));
    }
    const auto answered = ask(context, approval.question, session.lock());
    if (answered != Answered::kYes) return without_agreement(context, answered);
  }
  const auto report = with_progress(context, [&](const std::function<void(const Progress&)>& progress) {
    return session.engine().apply(plan, approval.options, approval.scope, progress);
  });
  if (!report) return context.fail(report.error());
  if (session.recorder() != nullptr && !session.recorder()->state()) {
    context.say("warning: " + session.recorder()->state().error().message);
  }
  if (context.json()) {
    context.result_json(
        Json(Json::Object{{"formatVersion", 1}, {"plan", to_json(plan)}, {"result", to_json(*report)}}));
  } else {
    context.result(render_report(*report, context.out().result_colour()));
  }
  return report->exit_code();
}

}  // namespace switchyard
