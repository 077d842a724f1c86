#pragma once

#include "bench/load/link.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

namespace roundabout::load {

/// What the command line asks for; every key stands in `--help`.
struct Options {
    Place proxy;
    Transport caller = Transport::udp;
    asio::ip::address source;
    std::size_t links = 1;
    std::string domain;
    std::string server_name;

    std::optional<Place> callee; ///< none: somebody else answers
    Transport callee_transport = Transport::udp;
    std::string certificate; ///< chain and key, for a callee by TLS or WSS
    std::string key;

    std::size_t sources = 1;   ///< addresses, from `source` on, that the links have by turns
    bool registers = false;    ///< REGISTERs, each of another AOR, instead of calls
    std::uint64_t pending = 0; ///< INVITEs that ring for ever, sent before anything else

    std::uint64_t calls = 1000;
    std::uint64_t warmup = 0;
    std::size_t outstanding = 10;
    double rate = 0; ///< calls a second; 0: a closed loop
    std::size_t body = 200;

    std::size_t idle = 0; ///< connections to hold open instead of making calls
    pid_t process = 0;    ///< the proxy's, 0: not watched
};

/// Nothing if help was asked for and printed. Throws std::exception on nonsense.
[[nodiscard]] std::optional<Options> read_options(int argc, const char* const* argv);

} // namespace roundabout::load
