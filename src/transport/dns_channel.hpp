#pragma once

#include "base/result.hpp"
#include "transport/dns_message.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace roundabout::transport {

struct DnsChannelSettings {
    std::vector<std::string> name_servers;   ///< "address:port"; empty: the system's
    std::chrono::milliseconds timeout{1000}; ///< of the first try; each further one waits longer
    int tries = 2;                           ///< a name server
};

/// One c-ares channel, driven by an io_context: its sockets are watched, its timeouts kept by one
/// timer, and nothing blocks. All on the io_context's one thread.
class DnsChannel {
  public:
    using Done = std::function<void(Result<DnsAnswer>)>;

    /// Error: resolve_failed, if a name server is no address or c-ares can't start.
    static Result<std::unique_ptr<DnsChannel>> make(boost::asio::io_context& context,
                                                    const DnsChannelSettings& settings);
    /// The Done of queries under way is dropped, not called.
    virtual ~DnsChannel() = default;

    /// Asks it. Addresses: A and AAAA at once, the hosts file first, as the system sets c-ares up;
    /// no such name and no address is an error. SRV and NAPTR: no record is an answer without
    /// records. An answer that was cut short is asked for again by TCP. `done` is called once,
    /// perhaps before this returns; it must not destroy the channel. Error: resolve_failed.
    virtual void query(const DnsQuestion& question, Done done) = 0;
};

} // namespace roundabout::transport
