#pragma once

#include "base/endpoint.hpp"

#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace roundabout::transport {

/// How many connections others hold with us, in all and by source, over all workers: those that are
/// open, or those in their handshakes. An IPv6 source counts by its /64, which one host has to
/// itself. Any thread.
class ConnectionCensus {
    struct State;

  public:
    /// Which of the two limits is reached.
    enum class Full : std::uint8_t { in_all, of_source };

    /// One connection's place; given back when it goes. May outlive the census.
    class Seat {
      public:
        Seat() noexcept = default;
        Seat(Seat&&) noexcept = default;
        Seat& operator=(Seat&& other) noexcept;
        Seat(const Seat&) = delete;
        Seat& operator=(const Seat&) = delete;
        ~Seat() { give_back(); }

        /// Counts a place that was taken for nobody in particular for `source` from now on. False
        /// if that source has its share already; the place stays as it was.
        [[nodiscard]] bool assign(const IpAddress& source);

      private:
        friend class ConnectionCensus;
        explicit Seat(std::shared_ptr<State> state) noexcept
            : state_(std::move(state)) {}
        void give_back() noexcept;

        std::shared_ptr<State> state_;
        std::optional<IpAddress> source_;
    };

    ConnectionCensus(std::size_t in_all, std::size_t per_source);

    [[nodiscard]] boost::system::result<Seat, Full> take(const IpAddress& source);
    /// A place that counts in all only: whom it is for is not known yet.
    [[nodiscard]] boost::system::result<Seat, Full> take();
    [[nodiscard]] std::size_t taken() const;
    /// From now on; nobody loses a place.
    void set_limits(std::size_t in_all, std::size_t per_source);

  private:
    std::shared_ptr<State> state_;
};

/// Both kinds of places that an accepted connection takes: one as long as it is open, and one
/// beside it until its handshakes are done.
struct Censuses {
    ConnectionCensus connections;
    ConnectionCensus handshakes;
};

} // namespace roundabout::transport
