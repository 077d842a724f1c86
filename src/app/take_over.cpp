#include "app/take_over.hpp"

#include "admin/protocol.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <utility>

namespace roundabout::app {

using transport::HandOverFrame;

namespace {

constexpr int patience_ms = 10'000;

bool is_readable(int socket) noexcept {
    pollfd look{socket, POLLIN, 0};
    int ready = -1;
    do
        ready = ::poll(&look, 1, patience_ms);
    while (ready < 0 && errno == EINTR);
    return ready == 1;
}

HandOverFrame kind_of(const transport::Record& record) noexcept {
    return static_cast<HandOverFrame>(record.bytes.front());
}

transport::Descriptor connect_to(const std::string& path) {
    sockaddr_un address{};
    transport::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket || path.size() >= sizeof address.sun_path)
        return {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    // The socket interface's own idiom.
    const auto* const plain = reinterpret_cast<const sockaddr*>(&address);
    if (::connect(socket.get(), plain, sizeof address) != 0)
        return {};
    return socket;
}

/// What the control socket says to the request, and what comes with it.
transport::Record answer_of(const transport::Descriptor& control) {
    admin::Request request;
    request.command = admin::Command::take_over;
    transport::Record answer;
    if (!transport::send_record(control.get(), admin::to_line(request)))
        return answer;
    while (answer.bytes.find('\n') == std::string::npos && is_readable(control.get())) {
        transport::Record more;
        if (!transport::receive_record(control.get(), admin::max_request, more) ||
            more.bytes.empty())
            break;
        answer.bytes += more.bytes;
        for (transport::Descriptor& each : more.descriptors)
            answer.descriptors.push_back(std::move(each));
    }
    return answer;
}

} // namespace

boost::system::result<TakeOver, std::string> TakeOver::ask(const std::string& control_path) {
    const transport::Descriptor control = connect_to(control_path);
    if (!control)
        return "nothing to take over: no process serves " + control_path + " (" +
               std::strerror(errno) + "); start without --take-over"; // NOLINT: no threads yet
    transport::Record answer = answer_of(control);
    const auto response = admin::parse_response(answer.bytes.substr(0, answer.bytes.find('\n')));
    const auto* const end = response ? std::get_if<admin::End>(&*response) : nullptr;
    if (end == nullptr)
        return std::string("the running process does not answer as one of this version does");
    if (end->ending != admin::Ending::ok || answer.descriptors.size() != 1)
        return "the running process keeps its place: " + end->reason;
    TakeOver take_over(std::move(answer.descriptors.front()));
    if (auto problem = take_over.take_offer())
        return std::move(*problem);
    return take_over;
}

transport::Record TakeOver::next() const {
    transport::Record record;
    if (!is_readable(link_.get()) ||
        !transport::receive_record(link_.get(), transport::most_hand_over_frame, record))
        record.bytes.clear();
    return record;
}

std::optional<std::string> TakeOver::take_offer() {
    for (;;) {
        transport::Record record = next();
        if (record.bytes.empty())
            return "the running process has not offered all that is needed";
        switch (kind_of(record)) {
        case HandOverFrame::sockets:
            for (transport::Descriptor& each : record.descriptors)
                sockets_.push_back(std::move(each));
            break;
        case HandOverFrame::lock:
            if (!record.descriptors.empty())
                lock_ = std::move(record.descriptors.front());
            break;
        case HandOverFrame::offered: {
            const auto version = record.bytes.substr(1, record.bytes.find(' ') - 1);
            if (version != transport::hand_over_version || !lock_)
                return "the running process is of a version whose place cannot be taken: stop it "
                       "and start this one";
            return std::nullopt;
        }
        default:
            break;
        }
    }
}

transport::InheritedSockets TakeOver::take_sockets(std::vector<std::string>& problems) {
    transport::InheritedSockets sockets;
    for (transport::Descriptor& socket : std::exchange(sockets_, {})) {
        if (auto problem = sockets.add(socket.release(), "taken over"))
            problems.push_back(std::move(*problem));
    }
    return sockets;
}

std::optional<std::string> TakeOver::become_owner() {
    if (!transport::send_record(link_.get(), to_frame(HandOverFrame::go)))
        return "the running process has ended meanwhile";
    for (;;) {
        const transport::Record record = next();
        if (record.bytes.empty())
            return "the running process does not leave its place; it goes on";
        switch (kind_of(record)) {
        case HandOverFrame::keys:
            if (const auto some = transport::parse_keys(record.bytes)) {
                keys_.secret = some->secret;
                keys_.hashes.insert(keys_.hashes.end(), some->hashes.begin(), some->hashes.end());
            }
            break;
        case HandOverFrame::yours:
            return std::nullopt;
        case HandOverFrame::refused:
            return "the running process keeps its place: " + record.bytes.substr(1);
        default:
            break;
        }
    }
}

store::StoreResult<store::Lock> TakeOver::take_lock(const std::string& database) {
    return store::Lock::adopt(database, store::File(lock_.release()));
}

std::unique_ptr<proxy::Predecessor> TakeOver::predecessor() {
    transport::Descriptor second(::fcntl(link_.get(), F_DUPFD_CLOEXEC, 0));
    return std::make_unique<proxy::Predecessor>(std::move(second), std::exchange(keys_, {}));
}

std::optional<std::string> TakeOver::serve() {
    if (transport::send_record(link_.get(), to_frame(HandOverFrame::serving)))
        return std::nullopt;
    return "the running process has gone on, or ended, before this one could serve";
}

void TakeOver::await_left() {
    for (;;) {
        const transport::Record record = next();
        if (record.bytes.empty() || kind_of(record) == HandOverFrame::left)
            return;
    }
}

} // namespace roundabout::app
