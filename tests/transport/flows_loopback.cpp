#include "transport/flows_loopback.hpp"

#include "transport/socket_address.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

namespace roundabout::tests {
using namespace transport;
namespace {

constexpr std::chrono::seconds generous{30};

Endpoint from_udp(const asio::ip::udp::endpoint& endpoint) {
    return from_asio(asio::ip::tcp::endpoint(endpoint.address(), endpoint.port()));
}

asio::ip::udp::endpoint to_udp(const Endpoint& endpoint) {
    return {to_asio(endpoint.address), endpoint.port};
}

} // namespace

ListenerSettings listener_on(Transport transport, std::string_view address) {
    ListenerSettings settings;
    settings.transport = transport;
    settings.bind.address = *IpAddress::parse(address);
    return settings;
}

std::string request_text(std::string_view method, int number, std::string_view body) {
    const std::string name(method);
    return name + " sip:bob@example.com SIP/2.0\r\n" +
           "Via: SIP/2.0/TCP client.example.com;branch=z9hG4bK" + std::to_string(number) +
           ";rport\r\nFrom: <sip:alice@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\n" +
           "Call-ID: " + std::to_string(number) + "\r\nCSeq: 1 " + name +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

FlowsLoopback::FlowsLoopback(FlowSettings settings, Steer steer, std::size_t inbox_limit,
                             InheritedSockets* inherited)
    : inbox(
          [this] {
              ++wakes;
              asio::post(io, [this] {
                  if (!holding)
                      take();
              });
          },
          inbox_limit)
    , other_inbox([] {}, 10'000)
    , censuses{{settings.listener.connections, settings.listener.connections_per_source},
               {settings.listener.handshakes, settings.listener.handshakes_per_source}}
    , flows(std::make_unique<WorkerFlows>(io, std::move(settings), censuses, inboxes,
                                          std::move(steer))) {
    flows->join({flows.get()});
    const auto fault = inherited == nullptr ? flows->listen() : flows->listen(*inherited);
    REQUIRE_MESSAGE(!fault, fault->to_string());
}

FlowsLoopback::~FlowsLoopback() {
    bool drained = false;
    flows->stop_accepting();
    flows->close_all();
    flows->when_drained([&drained] { drained = true; });
    const auto until = std::chrono::steady_clock::now() + generous;
    while (!drained && std::chrono::steady_clock::now() < until) {
        if (io.stopped())
            io.restart();
        io.run_one_until(until);
    }
    CHECK(drained);
    CHECK(counters().unexpected.value() == 0);
    CHECK(counters().connections.value() == 0);
    CHECK(censuses.connections.taken() == 0);
    CHECK(censuses.handshakes.taken() == 0);
    flows.reset();
}

void FlowsLoopback::take() {
    std::vector<Arrival> taken;
    inbox.take(taken);
    for (Arrival& arrival : taken)
        arrivals.push_back(std::move(arrival));
}

void FlowsLoopback::run_until(const std::function<bool()>& happened) {
    const auto until = std::chrono::steady_clock::now() + generous;
    while (!happened()) {
        REQUIRE(std::chrono::steady_clock::now() < until);
        if (io.stopped())
            io.restart();
        io.run_one_until(until);
    }
}

void FlowsLoopback::run_ready() {
    if (io.stopped())
        io.restart();
    io.poll();
}

UdpPeer::UdpPeer(asio::io_context& io, std::string_view address)
    : socket_(io, to_udp({*IpAddress::parse(address), 0})) {
    receive();
}

void UdpPeer::send(const Endpoint& to, std::string_view bytes) {
    socket_.send_to(asio::buffer(bytes.data(), bytes.size()), to_udp(to));
}

Endpoint UdpPeer::local() const { return from_udp(socket_.local_endpoint()); }

void UdpPeer::receive() {
    socket_.async_receive_from(
        asio::buffer(buffer_), from_,
        [this, alive = std::weak_ptr(alive_)](const boost::system::error_code& error,
                                              std::size_t count) {
            if (alive.expired())
                return;
            if (!error)
                received.push_back({std::string(buffer_.data(), count), from_udp(from_)});
            receive();
        });
}

TcpPeer::TcpPeer(asio::io_context& io, const Endpoint& to, bool reads)
    : socket_(io) {
    socket_.connect(to_asio_tcp(to));
    if (reads)
        receive();
}

TcpPeer::TcpPeer(asio::ip::tcp::socket socket)
    : socket_(std::move(socket)) {
    receive();
}

void TcpPeer::send(std::string_view bytes) {
    asio::write(socket_, asio::buffer(bytes.data(), bytes.size()));
}

void TcpPeer::start_reading() { receive(); }

void TcpPeer::close() { socket_.close(); }

Endpoint TcpPeer::local() const { return from_asio(socket_.local_endpoint()); }

void TcpPeer::receive() {
    socket_.async_read_some(asio::buffer(buffer_),
                            [this, alive = std::weak_ptr(alive_)](
                                const boost::system::error_code& error, std::size_t count) {
                                if (alive.expired())
                                    return;
                                received.append(buffer_.data(), count);
                                ended = static_cast<bool>(error);
                                if (!error)
                                    receive();
                            });
}

TcpServer::TcpServer(asio::io_context& io)
    : acceptor_(io, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    accept();
}

Endpoint TcpServer::local() const { return from_asio(acceptor_.local_endpoint()); }

void TcpServer::accept() {
    acceptor_.async_accept(
        [this, alive = std::weak_ptr(alive_)](const boost::system::error_code& error,
                                              asio::ip::tcp::socket socket) {
            if (error || alive.expired())
                return;
            accepted.push_back(std::make_unique<TcpPeer>(std::move(socket)));
            accept();
        });
}

} // namespace roundabout::tests
