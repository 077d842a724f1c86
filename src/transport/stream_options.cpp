#include "transport/stream_options.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace roundabout::transport {
namespace {

constexpr int keepalive_idle_seconds = 60;
constexpr int keepalive_interval_seconds = 10;
constexpr int keepalive_probes = 6;
constexpr int user_timeout_milliseconds = 30'000;

void set(int socket, int level, int option, int value) noexcept {
    static_cast<void>(::setsockopt(socket, level, option, &value, sizeof value));
}

} // namespace

void set_stream_options(boost::asio::ip::tcp::socket& socket) noexcept {
    const int descriptor = socket.native_handle();
    set(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, keepalive_idle_seconds);
    set(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, keepalive_interval_seconds);
    set(descriptor, IPPROTO_TCP, TCP_KEEPCNT, keepalive_probes);
    set(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, user_timeout_milliseconds);
}

} // namespace roundabout::transport
