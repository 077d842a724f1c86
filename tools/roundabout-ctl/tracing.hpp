#pragma once

#include "admin/protocol.hpp"
#include "roundabout-ctl/ladder.hpp"
#include "roundabout-ctl/options.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>

#include <fstream>
#include <iosfwd>
#include <optional>
#include <string>

namespace roundabout::ctl {

/// Where the messages of a trace go: to `out`, and to a capture file and a collector if wanted.
/// Each is there before the next one is read, so that an interrupted trace has lost nothing.
class Tracing {
  public:
    Tracing(const Options& options, std::ostream& out);

    /// Makes the file, readable for its owner alone; a sentence if it can't be made.
    [[nodiscard]] std::optional<std::string> open();
    void show(const admin::Response& response);

  private:
    const Options& options_;
    std::ostream& out_;
    Ladder ladder_;
    std::ofstream file_;
    boost::asio::io_context io_;
    boost::asio::ip::udp::socket socket_{io_};
};

} // namespace roundabout::ctl
