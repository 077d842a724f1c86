#include "transport/socket_address.hpp"
#include "transport/udp_options.hpp"
#include "transport/udp_steering.hpp"

#include <doctest/doctest.h>

#include <array>
#include <optional>
#include <poll.h>
#include <random>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

using namespace roundabout;
using namespace roundabout::transport;

namespace {

const CallHash call_hash(HashKey{0x1234'5678'9abc'def0, 7});

/// Sockets that share a port, and one that sends there.
class Group {
  public:
    explicit Group(std::uint16_t count) {
        Endpoint bind{*IpAddress::parse("127.0.0.1"), 0};
        for (std::uint16_t i = 0; i < count; ++i) {
            sockets_.push_back(open_udp(bind, {}).value());
            bind = local_endpoint(sockets_.back());
        }
        reach_ = steer(sockets_.front(), call_hash, count).value();
        const SocketAddress to = to_socket_address(bind);
        REQUIRE(::connect(sender_, to.data(), to.size) == 0);
    }
    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;
    ~Group() {
        for (const int socket : sockets_)
            ::close(socket);
        ::close(sender_);
    }

    [[nodiscard]] std::size_t reach() const { return reach_; }

    /// Which socket gets it.
    std::optional<std::size_t> receiver_of(const std::string& datagram) {
        REQUIRE(::send(sender_, datagram.data(), datagram.size(), 0) ==
                static_cast<ssize_t>(datagram.size()));
        std::vector<pollfd> waiting;
        for (const int socket : sockets_)
            waiting.push_back({socket, POLLIN, 0});
        if (::poll(waiting.data(), waiting.size(), 10'000) != 1)
            return std::nullopt;
        for (std::size_t i = 0; i < waiting.size(); ++i) {
            std::array<char, 4096> text{};
            if (waiting[i].revents != 0 &&
                ::recv(sockets_[i], text.data(), text.size(), MSG_DONTWAIT) ==
                    static_cast<ssize_t>(datagram.size()))
                return i;
        }
        return std::nullopt;
    }

  private:
    std::vector<int> sockets_;
    std::size_t reach_ = 0;
    int sender_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

std::string message(const std::string& rows, const std::string& line) {
    return "INVITE sip:b@b.test SIP/2.0\r\n" + rows + line +
           "\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";
}

} // namespace

TEST_CASE("The kernel gives a datagram to the socket that its Call-ID stands for") {
    constexpr std::uint16_t count = 3;
    Group group(count);
    std::mt19937 random(3);
    std::array<int, count> shares{};
    int in_reach = 0;
    for (std::size_t filler = 0; filler < 300; ++filler) {
        const std::string id = std::to_string(random()) + "-" + std::to_string(random()) +
                               (filler % 3 == 0 ? "@192.0.2.1" : "");
        for (const std::string_view name : {"Call-ID: ", "call-id:", "CALL-ID: "}) {
            const std::string text = message("Subject: " + std::string(filler * 4, 'x') + "\r\n",
                                             std::string(name) + id);
            const auto got = group.receiver_of(text);
            REQUIRE(got.has_value());
            if (text.find(name) + name.size() >= group.reach())
                continue;
            CHECK(*got == call_hash(id) % count);
            ++shares[*got];
            ++in_reach;
        }
    }
    for (const int share : shares)
        CHECK(share > in_reach / 5);
}

TEST_CASE("What has no Call-ID, or only looks as if it had one, reaches one of the sockets") {
    constexpr std::uint16_t count = 4;
    Group group(count);
    for (std::size_t filler = 0; filler < 12; ++filler) {
        const std::string rows = "X: " + std::string(filler, 'x') + "\r\n";
        for (const std::string_view odd :
             {"Session-ID: 1\r\nCall-ID: abc", "Subject: to call-id: me\r\nCall-ID: abc",
              "Call-Info: <x>\r\nCall-ID: abc", "i: abc", "X: no such row", "Call-ID:  abc",
              "Call-ID:\r\n abc", "Call-ID:"})
            CHECK(group.receiver_of(message(rows, std::string(odd))).has_value());
    }
    CHECK(group.receiver_of("\r\n\r\n").has_value());
    CHECK(group.receiver_of("INVITE sip:b SIP/2.0\r\nCall-ID: cut o").has_value());
    CHECK(group.receiver_of(std::string(3000, '\n')).has_value());
}

TEST_CASE("A steering program is no longer than the kernel takes") {
    const auto code = steering_program(call_hash, 2, 1400);
    CHECK(code.size() < BPF_MAXINSNS);
    CHECK(code.size() > 1000);
}
