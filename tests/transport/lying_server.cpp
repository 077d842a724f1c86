#include "transport/lying_server.hpp"

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace roundabout::transport::testing {

LyingServer::LyingServer(Answer answer)
    : answer_(std::move(answer))
    , socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0))
    , end_(::eventfd(0, EFD_CLOEXEC)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (socket_ < 0 || end_ < 0 ||
        ::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw std::runtime_error("no UDP port to be had on 127.0.0.1");
    thread_ = std::thread([this] { serve(); });
}

LyingServer::~LyingServer() {
    ::eventfd_write(end_, 1);
    thread_.join();
    ::close(end_);
    ::close(socket_);
}

std::string LyingServer::address() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

void LyingServer::serve() {
    while (true) {
        std::array<pollfd, 2> waiting{{{socket_, POLLIN, 0}, {end_, POLLIN, 0}}};
        ::poll(waiting.data(), waiting.size(), -1);
        if (waiting[1].revents != 0)
            return;
        Message query(65536);
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        const ssize_t got = ::recvfrom(socket_, query.data(), query.size(), 0,
                                       reinterpret_cast<sockaddr*>(&peer), &size);
        if (got <= 0)
            continue;
        query.resize(static_cast<std::size_t>(got));
        ++queries_;
        const Message answer = answer_(query);
        if (!answer.empty())
            ::sendto(socket_, answer.data(), answer.size(), 0,
                     reinterpret_cast<const sockaddr*>(&peer), size);
    }
}

} // namespace roundabout::transport::testing
