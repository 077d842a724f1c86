#pragma once

#include "proxy/predecessor.hpp"
#include "store/lock.hpp"
#include "transport/descriptor.hpp"
#include "transport/descriptor_passing.hpp"
#include "transport/hand_over_frame.hpp"
#include "transport/inherited_sockets.hpp"

#include <boost/system/result.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace roundabout::app {

/// This process as it takes the place of a running one (`--take-over`); the other half is
/// HandOver. Every call blocks, for some seconds at most; in this order. Before workers run.
class TakeOver {
  public:
    /// Asks the process that serves this control socket. Its sockets are ours as well then, and
    /// nothing has changed for it. Else a sentence.
    [[nodiscard]] static boost::system::result<TakeOver, std::string>
    ask(const std::string& control_path);

    /// All that it reads and accepts by. Once.
    [[nodiscard]] transport::InheritedSockets take_sockets(std::vector<std::string>& problems);
    /// Has it stop reading and leave the database to us. From here to serve() nobody reads. If it
    /// does not, a sentence; it goes on then.
    [[nodiscard]] std::optional<std::string> become_owner();
    /// That of the database. Once, then.
    [[nodiscard]] store::StoreResult<store::Lock> take_lock(const std::string& database);
    /// To whom its messages are passed. Once, then.
    [[nodiscard]] std::unique_ptr<proxy::Predecessor> predecessor();
    /// From here on we serve, and it leaves the control socket and everything else to us. A
    /// sentence if it has gone on instead, or ended.
    [[nodiscard]] std::optional<std::string> serve();
    /// Returns when it has left them, or has ended.
    void await_left();

  private:
    explicit TakeOver(transport::Descriptor link) noexcept
        : link_(std::move(link)) {}
    /// The next record, whose first character it must have. Nothing in time, or ever: an empty one.
    [[nodiscard]] transport::Record next() const;
    [[nodiscard]] std::optional<std::string> take_offer();

    transport::Descriptor link_;
    std::vector<transport::Descriptor> sockets_;
    transport::Descriptor lock_;
    transport::KeysUnderWay keys_;
};

} // namespace roundabout::app
