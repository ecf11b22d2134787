#include "tests/live/stand.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <sstream>

#include "tests/support/source_folder.h"

namespace switchyard::live {
namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Nobody listens on its SIP port, over UDP or TCP.
bool is_free(const std::string& address) {
  for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
    const int socket = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(5060);
    ::inet_pton(AF_INET, address.c_str(), &place.sin_addr);
    const bool bound = ::bind(socket, reinterpret_cast<const sockaddr*>(&place), sizeof(place)) == 0;
    ::close(socket);
    if (!bound) return false;
  }
  return true;
}

std::vector<std::string> split(const std::string& line, char mark) {
  std::vector<std::string> words;
  std::istringstream stream(line);
  for (std::string word; std::getline(stream, word, mark);) words.push_back(word);
  return words;
}

// The last line of sipp's statistics, by column.
Calls read_statistics(const std::filesystem::path& folder) {
  Calls calls;
  std::istringstream stream(text_of(folder / "statistics.csv"));
  std::string names;
  std::string line;
  std::string last;
  std::getline(stream, names);
  while (std::getline(stream, line)) {
    if (!line.empty()) last = line;
  }
  const std::vector<std::string> columns = split(names, ';');
  const std::vector<std::string> values = split(last, ';');
  for (std::size_t at = 0; at < std::min(columns.size(), values.size()); ++at) {
    const auto take = [&](std::string_view name, std::int64_t& into) {
      if (columns[at] == name) into = std::atoll(values[at].c_str());
    };
    take("TotalCallCreated", calls.made);
    take("SuccessfulCall(C)", calls.ok);
    take("FailedCall(C)", calls.failed);
    take("GenericCounter1(C)", calls.refused);
    take("GenericCounter2(C)", calls.moved);
    take("GenericCounter3(C)", calls.talked);
  }
  return calls;
}

std::vector<std::string> sipp(const std::string& scenario, std::vector<std::string> further) {
  std::vector<std::string> words{
      "/usr/bin/sipp",  "-sf",         (source_folder() / "tests" / "live" / "scenarios" / scenario).string(),
      "-nostdin",       "-trace_stat", "-stf",
      "statistics.csv", "-fd",         "1"};
  words.insert(words.end(), further.begin(), further.end());
  return words;
}

}  // namespace

bool has_program(const std::string& path) {
  return ::access(path.c_str(), X_OK) == 0;
}

bool comes_true(const std::function<bool()>& fact, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!fact()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ::poll(nullptr, 0, 20);
  }
  return true;
}

Process::Process(const std::vector<std::string>& arguments, const std::filesystem::path& folder,
                 const std::filesystem::path& log) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  ::posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
  // Who kills the test from outside ends its processes as well.
  std::vector<std::string> all{"/usr/bin/setpriv", "--pdeathsig", "TERM", "--"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> words;
  for (const std::string& argument : all) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  if (::posix_spawn(&pid_, words.front(), &actions, &attributes, words.data(), environ) != 0) pid_ = -1;
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
}

Process::~Process() {
  stop();
  if (pid_ > 0) ::kill(-pid_, SIGKILL);
}

bool Process::runs() {
  if (pid_ <= 0 || ended_) return false;
  ended_ = ::waitpid(pid_, nullptr, WNOHANG) == pid_;
  return !ended_;
}

void Process::stop(std::chrono::milliseconds patience) {
  if (!runs()) return;
  ::kill(pid_, SIGTERM);
  if (comes_true([&] { return !runs(); }, patience)) return;
  ::kill(-pid_, SIGKILL);
  wait();
}

void Process::wait() {
  if (pid_ > 0 && !ended_) ended_ = ::waitpid(pid_, nullptr, 0) == pid_;
}

Stand::Stand() {
  std::string path = (std::filesystem::temp_directory_path() / "switchyard-live-XXXXXX").string();
  folder_ = ::mkdtemp(path.data());
  net_ = 1 + static_cast<int>(::getpid()) % 250;
}

Stand::~Stand() {
  std::error_code ignored;
  if (::testing::Test::HasFailure()) return;
  std::filesystem::remove_all(folder_, ignored);
}

std::string Stand::address() {
  while (true) {
    if (++last_ > 250) {
      last_ = 1;
      net_ = 1 + net_ % 250;
    }
    std::string address = fmt::format("127.66.{}.{}", net_, last_);
    if (is_free(address)) return address;
  }
}

Sip::Sip(Stand& stand, std::string name, Role role)
    : place_{.folder = (stand.folder() / name).string(), .address = stand.address(), .role = role, .name = name},
      driver_(place_) {
  std::filesystem::create_directories(stand.folder() / name / "run");
}

std::string Sip::log() const {
  return text_of(std::filesystem::path(place_.folder) / "log");
}

Result<Rendered> Sip::write(const Configuration& configuration, Traffic traffic) {
  Result<Rendered> rendered = driver_.render(configuration, traffic);
  if (!rendered.ok()) return rendered;
  const std::filesystem::path folder(place_.folder);
  const std::string generation = fmt::format("generation-{}", ++generation_);
  std::filesystem::create_directories(folder / generation);
  for (const auto& [name, text] : rendered->files) std::ofstream(folder / generation / name, std::ios::binary) << text;
  std::error_code ignored;
  std::filesystem::remove(folder / "next", ignored);
  std::filesystem::create_symlink(generation, folder / "next");
  std::filesystem::rename(folder / "next", folder / "current");
  return rendered;
}

bool Sip::start(const Configuration& configuration, Traffic traffic) {
  const Result<Rendered> rendered = write(configuration, traffic);
  if (!rendered.ok()) {
    ADD_FAILURE() << rendered.error().message;
    return false;
  }
  key_ = rendered->restart_key;
  const std::filesystem::path folder(place_.folder);
  process_.reset();
  process_ = std::make_unique<Process>(rendered->arguments, folder / "run", folder / "log");
  const bool answers =
      comes_true([&] { return driver_.probe(std::chrono::milliseconds(300)).ok() || !runs(); }) && runs();
  if (!answers) {
    ADD_FAILURE() << place_.name << " does not answer:\n" << log();
    return false;
  }
  const Result<Done> pushed = driver_.push(*rendered);
  EXPECT_TRUE(pushed.ok()) << pushed.error().message;
  return true;
}

Result<Done> Sip::push(const Configuration& configuration) {
  const Result<Rendered> rendered = write(configuration, Traffic::kTaken);
  if (!rendered.ok()) return rendered.error();
  EXPECT_EQ(rendered->restart_key, key_) << "it would need a restart";
  return driver_.push(*rendered);
}

Callers::Callers(Stand& stand, const Offer& offer) {
  static int number = 0;
  folder_ = stand.folder() / fmt::format("callers-{}", ++number);
  std::filesystem::create_directories(folder_);
  std::vector<std::string> words =
      sipp(offer.scenario, {offer.to, "-i", stand.address(), "-s", "1234", "-r", std::to_string(offer.rate), "-m",
                            std::to_string(offer.calls), "-d", std::to_string(offer.hold_ms), "-timeout", "120",
                            "-recv_timeout", "20000"});
  words.insert(words.end(), offer.further.begin(), offer.further.end());
  process_ = std::make_unique<Process>(words, folder_, folder_ / "log");
}

Calls Callers::counts() {
  process_->wait();
  const Calls calls = read_statistics(folder_);
  EXPECT_GT(calls.made, 0) << "sipp made no call:\n" << text_of(folder_ / "log").substr(0, 4000);
  return calls;
}

Callee::Callee(Stand& stand, const std::string& address, std::vector<std::string> further,
               const std::string& scenario) {
  static int number = 0;
  folder_ = stand.folder() / fmt::format("callee-{}", ++number);
  std::filesystem::create_directories(folder_);
  std::vector<std::string> words = sipp(scenario, {"-i", address});
  if (std::ranges::find(further, "-p") == further.end()) words.insert(words.end(), {"-p", "5060"});
  words.insert(words.end(), further.begin(), further.end());
  process_ = std::make_unique<Process>(words, folder_, folder_ / "log");
  EXPECT_TRUE(comes_true([&] { return std::filesystem::exists(folder_ / "statistics.csv"); }));
}

Calls Callee::counts() {
  return read_statistics(folder_);
}

Configuration configure(std::vector<std::pair<std::string, Json>> fields, std::vector<Peer> peers,
                        std::vector<std::pair<std::string, std::string>> secrets) {
  Configuration configuration;
  for (auto& [path, value] : fields) set_field(configuration.fields, path, std::move(value));
  configuration.peers = std::move(peers);
  configuration.secrets = std::move(secrets);
  return configuration;
}

}  // namespace switchyard::live
