#include "roundabout-ctl/reach.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <sys/un.h>
#include <utility>

namespace roundabout::ctl {
namespace {

namespace asio = boost::asio;
using boost::system::errc::connection_refused;
using boost::system::errc::no_such_file_or_directory;
using boost::system::errc::permission_denied;

Unreached broken(const std::string& reason) {
    return {"the proxy broke off its answer: " + reason, false, false};
}

Reached<admin::End> read_answer(asio::local::stream_protocol::socket& socket, const Sink& sink) {
    std::string input;
    while (true) {
        boost::system::error_code error;
        const std::size_t size = asio::read_until(socket, asio::dynamic_buffer(input), '\n', error);
        if (error)
            return broken(error.message());
        auto response = admin::parse_response(std::string_view(input).substr(0, size - 1));
        if (!response)
            return broken(response.error());
        input.erase(0, size);
        if (auto* end = std::get_if<admin::End>(&*response))
            return std::move(*end);
        sink(*response);
    }
}

} // namespace

Reached<admin::End> ask_proxy(const std::string& socket, const admin::Request& request,
                              const Sink& sink) {
    if (socket.size() >= sizeof(sockaddr_un::sun_path))
        return Unreached{"the socket's path is too long: " + socket, false, false};
    asio::io_context io;
    asio::local::stream_protocol::socket connection(io);
    boost::system::error_code error;
    connection.connect(asio::local::stream_protocol::endpoint(socket), error);
    if (error) {
        const bool down = error == connection_refused || error == no_such_file_or_directory;
        return Unreached{"no proxy answers at " + socket + ": " + error.message(), down,
                         error == permission_denied};
    }
    asio::write(connection, asio::buffer(admin::to_line(request)), error);
    if (error)
        return broken(error.message());
    return read_answer(connection, sink);
}

} // namespace roundabout::ctl
