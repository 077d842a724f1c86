#pragma once

#include "admin/protocol.hpp"
#include "base/endpoint.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <variant>

namespace roundabout::ctl {

/// What scripts can go by.
enum class Exit : int {
    ok = 0,
    nothing_matched = 1,
    usage = 2, ///< also a configuration that can't be read
    unreachable =
        3, ///< no proxy and no database, or a database in use; a file that can't be written
    refused = 4,
};

/// What the command line asks for.
struct Options {
    admin::Request request;
    std::string socket;   ///< of the running proxy; empty: unknown
    std::string database; ///< used when the proxy is down; empty: unknown
    bool json = false;
    bool yes = false; ///< purge --all without a question
    // trace
    std::string pcap;            ///< file that gets the messages as packets; empty: none
    std::optional<Endpoint> hep; ///< collector that gets them
    bool full = false;           ///< whole messages instead of what changes
    // watch, which is status again and again
    bool watch = false;
    std::chrono::seconds interval{1};
    long count = 0; ///< looks; 0: until it is interrupted
};

/// A text to print and the exit code to end with.
struct Ending {
    std::string text;
    Exit exit = Exit::ok;
};

/// Understands the command line; reads the configuration if it names one.
[[nodiscard]] std::variant<Options, Ending> parse_options(int argc, const char* const* argv);

} // namespace roundabout::ctl
