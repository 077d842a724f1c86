#include "transport/flows_loopback.hpp"
#include "transport/socket_address.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <sys/socket.h>

using namespace roundabout;
using namespace roundabout::transport;
using namespace roundabout::tests;
using namespace std::chrono_literals;

namespace {

// The descriptor of this process whose connection that is.
std::optional<int> descriptor_of(const Flow& flow) {
    constexpr int most = 4096;
    for (int descriptor = 0; descriptor < most; ++descriptor) {
        sockaddr_storage peer{};
        socklen_t size = sizeof peer;
        if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) != 0)
            continue;
        const bool same_port =
            peer.ss_family == AF_INET &&
            ntohs(reinterpret_cast<const sockaddr_in&>(peer).sin_port) == flow.remote.port;
        if (same_port && local_endpoint(descriptor) == flow.local)
            return descriptor;
    }
    return std::nullopt;
}

int option(int descriptor, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    REQUIRE(::getsockopt(descriptor, level, name, &value, &size) == 0);
    return value;
}

void check_options(const Flow& flow) {
    const auto descriptor = descriptor_of(flow);
    REQUIRE(descriptor);
    CHECK(option(*descriptor, SOL_SOCKET, SO_KEEPALIVE) == 1);
    CHECK(option(*descriptor, IPPROTO_TCP, TCP_KEEPIDLE) == 60);
    CHECK(option(*descriptor, IPPROTO_TCP, TCP_KEEPINTVL) == 10);
    CHECK(option(*descriptor, IPPROTO_TCP, TCP_KEEPCNT) == 6);
    CHECK(option(*descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT) == 30'000);
    CHECK(option(*descriptor, IPPROTO_TCP, TCP_NODELAY) == 1);
}

} // namespace

TEST_CASE("a connection is probed when silent and given up unacknowledged, whoever opened it") {
    FlowSettings settings;
    settings.listeners = {listener_on(Transport::tcp)};
    FlowsLoopback loop(std::move(settings));
    TcpPeer peer(loop.io, loop.flows->bound(0));
    peer.send(request_text("OPTIONS", 1));
    check_options(loop.await<Inbound>().flow);

    TcpServer server(loop.io);
    ConnectTarget target;
    target.remote = server.local();
    loop.flows->connect(target, 10s, 1);
    const auto connected = loop.await<Connected>();
    REQUIRE(connected.flow.has_value());
    check_options(*connected.flow);
}
