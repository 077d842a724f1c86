#pragma once

#include "admin/protocol.hpp"

#include <boost/system/result.hpp>

#include <functional>
#include <optional>
#include <string>

namespace roundabout::ctl {

/// Takes what an answer consists of, line by line; not its end.
using Sink = std::function<void(const admin::Response&)>;

/// Why nobody could be asked.
struct Unreached {
    std::string reason;
    bool down = false;    ///< no proxy runs there: the database may be used instead
    bool refused = false; ///< the operating system does not let this user
};

template <class T>
using Reached = boost::system::result<T, Unreached>;

/// Asks the running proxy.
[[nodiscard]] Reached<admin::End> ask_proxy(const std::string& socket,
                                            const admin::Request& request, const Sink& sink);

/// Carries the request out on the database file of a proxy that is down. Becomes the file's owner
/// if this is root, so that no file is left that the proxy could not open.
[[nodiscard]] Reached<admin::End> ask_database(const std::string& path,
                                               const admin::Request& request, const Sink& sink);

} // namespace roundabout::ctl
