#include "transport/flows_loopback.hpp"
#include "transport/inherited_sockets.hpp"
#include "transport/socket_address.hpp"
#include "transport/udp_options.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <set>
#include <sys/socket.h>
#include <sys/stat.h>

using namespace roundabout;
using namespace roundabout::transport;
using namespace roundabout::tests;

namespace {

Endpoint any_port(std::string_view address = "127.0.0.1") {
    return {*IpAddress::parse(address), 0};
}

int udp_at(const Endpoint& bind) { return open_udp(bind, {}).value(); }

int lone_udp_at(const Endpoint& bind) {
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const SocketAddress address = to_socket_address(bind);
    REQUIRE(::bind(socket, address.data(), address.size) == 0);
    return socket;
}

int stream_at(const Endpoint& bind, bool listens = true) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const SocketAddress address = to_socket_address(bind);
    REQUIRE(::bind(socket, address.data(), address.size) == 0);
    if (listens)
        REQUIRE(::listen(socket, 8) == 0);
    return socket;
}

ino_t inode(int descriptor) {
    struct stat status{};
    REQUIRE(::fstat(descriptor, &status) == 0);
    return status.st_ino;
}

/// Several that share a port.
struct Group {
    explicit Group(std::size_t size) {
        Endpoint bind = any_port();
        for (std::size_t i = 0; i < size; ++i) {
            const int socket = udp_at(bind);
            bind = local_endpoint(socket);
            inodes.insert(inode(socket));
            CHECK_FALSE(sockets.add(socket, "udp"));
        }
        at = bind;
    }
    InheritedSockets sockets;
    Endpoint at;
    std::set<ino_t> inodes;
};

} // namespace

TEST_CASE("inherited sockets: each of a shared port goes to exactly one worker, however many") {
    for (const std::uint16_t workers : std::initializer_list<std::uint16_t>{1, 2, 3, 4, 7}) {
        CAPTURE(workers);
        Group group(4);
        std::multiset<ino_t> taken;
        for (std::uint16_t worker = 0; worker < workers; ++worker) {
            const auto own = group.sockets.take(Transport::udp, group.at, worker, workers);
            CHECK(own.empty() == (worker >= 4)); // it binds one of its own
            for (const Descriptor& socket : own)
                taken.insert(inode(socket.get()));
        }
        CHECK(taken == std::multiset<ino_t>(group.inodes.begin(), group.inodes.end()));
        CHECK(group.sockets.close_rest().empty());
    }
}

TEST_CASE("inherited sockets: one that stays alone at its port can be read by all workers") {
    InheritedSockets sockets;
    const int listening = stream_at(any_port());
    const Endpoint at = local_endpoint(listening);
    const ino_t own = inode(listening);
    CHECK_FALSE(sockets.add(listening, "tcp"));
    CHECK(sockets.take(Transport::wss, at, 0, 3).size() == 1);
    for (std::uint16_t worker = 1; worker < 3; ++worker) {
        CHECK(sockets.take(Transport::wss, at, worker, 3).empty());
        CHECK(inode(sockets.share(Transport::wss, at, worker).get()) == own);
    }
    CHECK_FALSE(sockets.share(Transport::udp, at, 1));
    CHECK(sockets.close_rest().empty());
}

TEST_CASE("inherited sockets: kind and address decide, and what nobody took is named and closed") {
    InheritedSockets sockets;
    const int datagrams = udp_at(any_port());
    const Endpoint at = local_endpoint(datagrams);
    CHECK_FALSE(sockets.add(datagrams, "mine"));
    CHECK(sockets.has(Transport::udp, at));
    CHECK_FALSE(sockets.has(Transport::tcp, at));
    CHECK_FALSE(sockets.has(Transport::udp, {*IpAddress::parse("127.0.0.2"), at.port}));
    const auto rest = sockets.close_rest();
    REQUIRE(rest.size() == 1);
    CHECK(rest[0].name == "mine");
    CHECK(rest[0].address == "udp " + at.to_string());
    CHECK(sockets.empty());
}

TEST_CASE("inherited sockets: two descriptors of one socket are one socket") {
    InheritedSockets sockets;
    const int first = udp_at(any_port());
    const Endpoint at = local_endpoint(first);
    const int second = ::dup(first);
    CHECK_FALSE(sockets.add(first, "stored"));
    CHECK_FALSE(sockets.add(second, "activated"));
    CHECK(sockets.take(Transport::udp, at, 0, 1).size() == 1);
}

TEST_CASE("inherited sockets: what nothing can listen by is refused") {
    InheritedSockets sockets;
    CHECK(sockets.add(stream_at(any_port(), false), "not listening"));
    CHECK(sockets.add(::socket(AF_UNIX, SOCK_DGRAM, 0), "unix"));
    CHECK(sockets.add(::open("/dev/null", O_RDONLY | O_CLOEXEC), "file"));
    const int both = ::socket(AF_INET6, SOCK_DGRAM, 0);
    const int off = 0;
    REQUIRE(::setsockopt(both, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0);
    const SocketAddress any = to_socket_address(any_port("::"));
    REQUIRE(::bind(both, any.data(), any.size) == 0);
    CHECK(sockets.add(both, "both families"));
    CHECK(sockets.empty());
}

TEST_CASE("worker flows: all inherited sockets of a listener are read, by one worker too") {
    Group group(3);
    FlowSettings settings;
    settings.listeners = {listener_on(Transport::udp)};
    settings.listeners[0].bind = group.at;
    FlowsLoopback loop(std::move(settings), {}, 10'000, &group.sockets);
    for (int i = 0; i < 40; ++i) { // by as many ports: the kernel spreads them
        UdpPeer peer(loop.io);
        peer.send(group.at, request_text("OPTIONS", i));
        loop.await<Inbound>();
    }
    CHECK(loop.flows->sockets().size() == 3);
}

TEST_CASE("worker flows: a worker that got none binds its own, or shares where it can't") {
    for (const bool shared : {true, false}) {
        CAPTURE(shared);
        const int listening = shared ? udp_at(any_port()) : lone_udp_at(any_port());
        const Endpoint at = local_endpoint(listening);
        const ino_t inherited = inode(listening);
        InheritedSockets sockets;
        CHECK_FALSE(sockets.add(listening, "udp"));
        FlowSettings settings;
        settings.listeners = {listener_on(Transport::udp)};
        settings.listeners[0].bind = at;
        const auto taken = sockets.take(Transport::udp, at, 0, 1); // by another worker
        settings.worker = 1;
        Inboxes inboxes;
        Inbox inbox([] {}, 10);
        inboxes = {&inbox, &inbox};
        asio::io_context io{1};
        Censuses censuses{{1, 1}, {1, 1}};
        WorkerFlows flows(io, settings, censuses, inboxes, {});
        flows.join({nullptr, &flows});
        REQUIRE_FALSE(flows.listen(sockets));
        REQUIRE(flows.sockets().size() == 1);
        CHECK((inode(flows.sockets()[0].descriptor) == inherited) != shared);
        flows.close_all();
        io.run();
    }
}

TEST_CASE("worker flows: what comes when it has stopped reading waits for whoever reads next") {
    FlowSettings settings;
    settings.listeners = {listener_on(Transport::udp), listener_on(Transport::tcp)};
    FlowsLoopback loop(std::move(settings));
    UdpPeer peer(loop.io);
    const Endpoint datagrams = loop.flows->bound(0);
    FlowSettings next;
    next.listeners = {listener_on(Transport::udp), listener_on(Transport::tcp)};
    InheritedSockets sockets;
    for (const auto& socket : loop.flows->sockets()) {
        next.listeners[socket.listener].bind = loop.flows->bound(socket.listener);
        CHECK_FALSE(sockets.add(::dup(socket.descriptor), "kept"));
    }
    loop.flows->stop_reading();
    loop.run_ready();
    peer.send(datagrams, request_text("OPTIONS", 1));
    TcpPeer caller(loop.io, next.listeners[1].bind);
    caller.send(request_text("OPTIONS", 2));
    loop.run_ready();
    CHECK(loop.count<Inbound>() == 0);
    SUBCASE("with the same sockets") {
        FlowsLoopback successor(std::move(next), {}, 10'000, &sockets);
        successor.await<Inbound>();
        successor.await<Inbound>();
        CHECK(loop.count<Inbound>() == 0);
    }
    SUBCASE("and what is sent meanwhile leaves") {
        const Flow flow{Transport::udp, 0, datagrams, peer.local(), {}, false};
        REQUIRE(loop.flows->send(flow, Bytes(std::string("answer")), 0));
        loop.run_until([&] { return !peer.received.empty(); });
        CHECK(peer.received[0].bytes == "answer");
    }
}
