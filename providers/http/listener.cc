#include "providers/http/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "providers/http/answer_text.h"
#include "providers/http/request_reader.h"
#include "providers/http/tls_context.h"
#include "providers/http/wire.h"

namespace switchyard {

struct Listener::Impl {
  Impl(Options given, Handler handle_with, Bound bound)
      : options(std::move(given)),
        handler(std::move(handle_with)),
        socket(std::move(bound.socket)),
        port(bound.port),
        refusals(options.on_refusal, options.refusals_apart) {}

  // Guarded by the mutex, but for the thread.
  struct Connection {
    int handle;             // owned by its thread; only shut down from outside while `open`
    bool open = true;       // until its thread has nothing more to do with the handle
    bool trusted = false;   // by its certificate; without TLS from the beginning
    bool in_hand = false;   // its request is being answered
    bool unwanted = false;  // it has to make room
    std::thread thread;
  };

  void accept_all();
  bool admit(Socket peer);
  bool make_room();
  void serve(Connection& connection, Socket peer);
  void converse(Connection& connection, Wire& wire, const ListenerPeer& peer);
  bool take_in_hand(Connection& connection);
  void put_down(Connection& connection);
  void reap();
  void stop();

  const Options options;
  const Handler handler;
  Socket socket;
  std::uint16_t port;
  std::mutex mutex;
  bool stopping = false;                                 // guarded, as is all that follows
  std::vector<std::unique_ptr<Connection>> connections;  // oldest first; stable addresses: their threads refer to them
  std::shared_ptr<ssl_ctx_st> context;                   // shared with connections that began with it; none: no TLS
  bool by_authority = false;                             // the context believes an authority
  RefusalLog refusals;
  std::thread acceptor;
};

// False: it is no longer wanted, whatever it asks.
bool Listener::Impl::take_in_hand(Connection& connection) {
  const std::scoped_lock lock(mutex);
  connection.in_hand = !connection.unwanted;
  return connection.in_hand;
}

void Listener::Impl::put_down(Connection& connection) {
  const std::scoped_lock lock(mutex);
  connection.in_hand = false;
}

void Listener::Impl::converse(Connection& connection, Wire& wire, const ListenerPeer& peer) {
  RequestReader reader(options.largest_head, options.largest_body);
  std::array<char, 16384> chunk;
  const auto answer = [&](const ListenerAnswer& given, bool keep_alive) {
    return wire.write(on_the_wire(given, keep_alive), SteadyClock::now() + options.request_time) && keep_alive;
  };
  const auto turn_away = [&](int status) {
    refusals.add(peer.name, std::string(reason_of(status)));
    answer(refusal_of(status), false);
  };
  SteadyClock::time_point deadline = SteadyClock::now() + options.idle_time;
  for (;;) {
    RequestReader::Outcome outcome = reader.next();
    if (outcome.refusal != 0) return turn_away(outcome.refusal);
    if (outcome.request) {
      outcome.request->peer = peer;
      if (!take_in_hand(connection)) return;
      const ListenerAnswer given = handler(*outcome.request);
      if (given.drop || !answer(given, outcome.keep_alive)) return;
      put_down(connection);
      deadline = SteadyClock::now() + (reader.empty() ? options.idle_time : options.request_time);
      continue;
    }
    if (outcome.wants_continue && !wire.write("HTTP/1.1 100 Continue\r\n\r\n", deadline)) return;
    const Wire::Read got = wire.read(chunk, deadline);
    if (got.step == Wire::Step::kLate && !reader.empty()) turn_away(408);
    if (got.step != Wire::Step::kDone) return;
    if (reader.empty()) deadline = SteadyClock::now() + options.request_time;  // the first byte of a request
    reader.add({chunk.data(), got.size});
  }
}

void Listener::Impl::serve(Connection& connection, Socket peer) {
  const std::string name = name_of_peer(peer.handle());
  std::shared_ptr<ssl_ctx_st> made_with;
  bool authorised = false;
  {
    const std::scoped_lock lock(mutex);
    made_with = context;
    authorised = by_authority;
  }
  const std::unique_ptr<Wire> wire = made_with ? tls_wire(peer.handle(), *made_with) : plain_wire(peer.handle());
  if (wire->shake_hands(SteadyClock::now() + options.handshake_time) == Wire::Step::kDone) {
    {
      const std::scoped_lock lock(mutex);
      connection.trusted = !made_with || authorised;
    }
    converse(connection, *wire,
             {.name = name, .certificate = wire->certificate(), .authorised = made_with && authorised});
  } else {
    refusals.add(name, wire->refusal());
  }
  wire->let_go();
  const std::scoped_lock lock(mutex);
  connection.open = false;  // from here on the handle may be another socket's
}

void Listener::Impl::reap() {
  std::vector<std::unique_ptr<Connection>> ended;
  {
    const std::scoped_lock lock(mutex);
    const auto first = std::stable_partition(connections.begin(), connections.end(),
                                             [](const auto& connection) { return connection->open; });
    std::move(first, connections.end(), std::back_inserter(ended));
    connections.erase(first, connections.end());
  }
  for (const auto& connection : ended) connection->thread.join();
}

// Ends the oldest connection that nothing speaks for, and waits until it is gone: a moment, because its thread only
// reads. False: there is none.
bool Listener::Impl::make_room() {
  std::unique_ptr<Connection> leaving;
  {
    const std::scoped_lock lock(mutex);
    const auto stranger = std::ranges::find_if(connections, [](const auto& connection) {
      return connection->open && !connection->trusted && !connection->in_hand;
    });
    if (stranger == connections.end()) return false;
    (*stranger)->unwanted = true;
    ::shutdown((*stranger)->handle, SHUT_RDWR);
    leaving = std::move(*stranger);
    connections.erase(stranger);
  }
  leaving->thread.join();
  return true;
}

// False: the listener ends.
bool Listener::Impl::admit(Socket peer) {
  reap();
  const auto full = [this] { return std::ssize(connections) >= options.connections; };
  std::unique_lock lock(mutex);
  if (!stopping && full()) {
    lock.unlock();
    const bool room = make_room();
    lock.lock();
    if (!room && full()) {
      if (!context) {
        const std::string busy = on_the_wire(refusal_of(503), false);
        ::send(peer.handle(), busy.data(), busy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      }
      lock.unlock();
      refusals.add(name_of_peer(peer.handle()), "all connections are taken");
      return true;
    }
  }
  if (stopping) return false;
  connections.push_back(std::make_unique<Connection>());
  Connection& connection = *connections.back();
  connection.handle = peer.handle();
  connection.trusted = !context;
  connection.thread =
      std::thread([this, &connection, moved = std::move(peer)]() mutable { serve(connection, std::move(moved)); });
  return true;
}

void Listener::Impl::accept_all() {
  for (;;) {
    Socket peer(::accept4(socket.handle(), nullptr, nullptr, SOCK_CLOEXEC));
    if (peer.handle() < 0) {
      const std::scoped_lock lock(mutex);
      if (stopping) return;
      // Out of descriptors, or the peer has gone: a pause, so that this does not spin.
      ::poll(nullptr, 0, 10);
      continue;
    }
    const int on = 1;
    ::setsockopt(peer.handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (!admit(std::move(peer))) return;
  }
}

void Listener::Impl::stop() {
  {
    const std::scoped_lock lock(mutex);
    stopping = true;
    for (const auto& connection : connections) {
      if (connection->open) ::shutdown(connection->handle, SHUT_RDWR);
    }
  }
  ::shutdown(socket.handle(), SHUT_RDWR);  // wakes accept
  if (acceptor.joinable()) acceptor.join();
  for (const auto& connection : connections) connection->thread.join();
}

Result<std::unique_ptr<Listener>> Listener::open(const Options& options, Handler handler) {
  auto bound = listen_on(options.address, options.port);
  if (!bound) return bound.error();
  auto impl = std::make_unique<Impl>(options, std::move(handler), *std::move(bound));
  std::unique_ptr<Listener> listener(new Listener(std::move(impl)));
  if (options.tls) {
    if (auto done = listener->renew(*options.tls); !done) return done.error();
  }
  Impl& running = *listener->impl_;
  running.acceptor = std::thread([&running] { running.accept_all(); });
  return listener;
}

Result<Done> Listener::renew(const TlsOptions& tls) {
  auto context = make_server_context(tls);
  if (!context) return context.error();
  const std::scoped_lock lock(impl_->mutex);
  impl_->context = *std::move(context);
  impl_->by_authority = std::holds_alternative<TrustAuthority>(tls.trust);
  return Done{};
}

Listener::Listener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Listener::~Listener() {
  impl_->stop();
}

std::uint16_t Listener::port() const {
  return impl_->port;
}

}  // namespace switchyard
