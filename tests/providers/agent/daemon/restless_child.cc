#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

// What a SIP process does to its supervisor, in small: a main process with workers that hold its socket.
//   restless_child UDP_PORT WORKERS [fail|deaf]
// "fail": says why and ends with 255 at once. "deaf": hears no SIGTERM. It says "ready" when all is up.
namespace {

int bind_to(std::uint16_t port) {
  const int number = ::socket(AF_INET, SOCK_DGRAM, 0);
  const int again = 1;
  ::setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &again, sizeof again);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_port = htons(port);
  ::inet_pton(AF_INET, "127.0.0.1", &own.sin_addr);
  return ::bind(number, reinterpret_cast<sockaddr*>(&own), sizeof own) == 0 ? number : -1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view how = argc > 3 ? argv[3] : "";
  if (how == "fail") {
    std::fputs("ERROR: bad address in line 7\n", stderr);
    return 255;
  }
  if (argc < 3 || bind_to(static_cast<std::uint16_t>(std::atoi(argv[1]))) < 0) return 254;
  if (how == "deaf") ::signal(SIGTERM, SIG_IGN);
  for (int i = std::atoi(argv[2]); i > 0; --i) {
    if (::fork() == 0) {
      ::signal(SIGTERM, SIG_IGN);  // an orphan that nobody told to end does not
      for (;;) ::pause();
    }
  }
  std::fputs("ready\n", stderr);
  if (how == "deaf") {
    for (;;) ::pause();
  }
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &end, nullptr);
  int number = 0;
  ::sigwait(&end, &number);
  ::kill(0, SIGKILL);
  return 0;
}
