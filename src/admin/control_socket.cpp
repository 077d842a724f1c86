#include "admin/control_socket.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace roundabout::admin {

namespace asio = boost::asio;
using Protocol = asio::local::stream_protocol;

namespace {
constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t most_sessions = 16;
/// After accept failed, for want of descriptors most likely.
constexpr auto pause_after_failure = std::chrono::milliseconds(100);
} // namespace

ControlSocket::ControlSocket(asio::io_context& io, Subject subject, std::size_t outlet)
    : io_(io)
    , subject_(std::move(subject))
    , commits_(io, *subject_.store, outlet)
    , acceptor_(io)
    , rest_(io) {
    if (subject_.tap != nullptr)
        traces_ = std::make_unique<TraceHub>(io, *subject_.tap, [this](const IpAddress& address) {
            return server_at(*subject_.snapshot(), address);
        });
}

std::optional<std::string> ControlSocket::listen(const std::string& path,
                                                 const std::string& group) {
    if (auto problem = clear_way(path, group))
        return problem;
    if (path.size() >= sizeof(sockaddr_un::sun_path))
        return "the control socket's path is too long: " + path;
    boost::system::error_code error;
    acceptor_.open(Protocol(), error);
    if (!error)
        acceptor_.bind(Protocol::endpoint(path), error);
    if (error)
        return "cannot bind the control socket " + path + ": " + error.message();
    path_ = path;
    if (auto problem = restrict_access(path, group)) {
        stop();
        return problem;
    }
    acceptor_.listen(static_cast<int>(most_sessions), error);
    if (error)
        return "cannot listen at the control socket " + path + ": " + error.message();
    tasks_.spawn(accept());
    return std::nullopt;
}

void ControlSocket::stop() {
    if (!acceptor_.is_open())
        return;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    rest_.cancel();
    ::unlink(path_.c_str());
    for (const auto& session : sessions_)
        session->close();
    commits_.stop();
}

asio::awaitable<void> ControlSocket::accept() {
    while (acceptor_.is_open()) {
        Protocol::socket socket(io_);
        const auto [error] = co_await acceptor_.async_accept(socket, as_tuple);
        if (!error) {
            admit(std::move(socket));
        } else if (acceptor_.is_open()) {
            rest_.expires_after(pause_after_failure);
            co_await rest_.async_wait(as_tuple);
        }
    }
}

void ControlSocket::admit(Protocol::socket socket) {
    const std::optional<Peer> peer = peer_of(socket.native_handle());
    if (!peer || sessions_.size() >= most_sessions) {
        spdlog::warn("control connection closed at once: {}",
                     peer ? "too many of them" : "nobody knows whose it is");
        return;
    }
    auto session = std::make_shared<ControlSession>(io_, std::move(socket), *peer, subject_,
                                                    commits_, traces_.get());
    sessions_.push_back(session);
    tasks_.spawn(serve(std::move(session)));
}

asio::awaitable<void> ControlSocket::serve(std::shared_ptr<ControlSession> session) {
    struct Leaving { // however the session ends
        std::list<std::shared_ptr<ControlSession>>& sessions;
        const ControlSession* who;
        ~Leaving() {
            std::erase_if(sessions, [this](const auto& each) { return each.get() == who; });
        }
    };
    const Leaving leaving{sessions_, session.get()};
    co_await session->run();
}

} // namespace roundabout::admin
