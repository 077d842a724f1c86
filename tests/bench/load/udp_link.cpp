#include "bench/load/link.hpp"

#include <array>

namespace roundabout::load {
namespace {

using asio::ip::udp;

constexpr int buffer_bytes = 8 * 1024 * 1024;

class UdpLink final : public Link, public std::enable_shared_from_this<UdpLink> {
  public:
    UdpLink(asio::io_context& io, const Place& local, const Place& remote, Taker taker)
        : socket_(io, udp::endpoint(local.host, local.port))
        , peer_(remote.host, remote.port)
        , taker_(std::move(taker)) {
        boost::system::error_code ignored; // the kernel's own limit is the better one then
        socket_.set_option(asio::socket_base::receive_buffer_size(buffer_bytes), ignored);
        socket_.set_option(asio::socket_base::send_buffer_size(buffer_bytes), ignored);
        socket_.non_blocking(true);
    }

    void send(std::string message) override {
        boost::system::error_code lost; // as on any network; the call then fails by its deadline
        socket_.send_to(asio::buffer(message), peer_, 0, lost);
    }

    [[nodiscard]] Place local() const override {
        const udp::endpoint at = socket_.local_endpoint();
        return {at.address(), at.port()};
    }

    void wait() {
        socket_.async_wait(udp::socket::wait_read,
                           [self = shared_from_this()](boost::system::error_code error) {
                               if (error)
                                   return;
                               self->drain();
                               self->wait();
                           });
    }

  private:
    void drain() {
        for (;;) {
            boost::system::error_code error;
            const std::size_t size = socket_.receive_from(asio::buffer(buffer_), peer_, 0, error);
            if (error)
                return;
            taker_(*this, std::string_view(buffer_.data(), size));
        }
    }

    udp::socket socket_;
    udp::endpoint peer_;
    Taker taker_;
    std::array<char, 65'536> buffer_{};
};

} // namespace

LinkPtr open_udp(asio::io_context& io, const Place& local, const Place& remote, Link::Taker taker) {
    const auto link = std::make_shared<UdpLink>(io, local, remote, std::move(taker));
    link->wait();
    return link;
}

} // namespace roundabout::load
