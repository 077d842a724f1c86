#pragma once

#include "base/endpoint.hpp"

#include <cstddef>
#include <memory>
#include <optional>

namespace roundabout::transport {

/// How many connections were accepted and are open, in all and by source, over all workers. An
/// IPv6 source counts by its /64, which one host has to itself. Any thread.
class ConnectionCensus {
    struct State;

  public:
    /// One accepted connection's place; given back when it goes. May outlive the census.
    class Seat {
      public:
        Seat() noexcept = default;
        Seat(Seat&&) noexcept = default;
        Seat& operator=(Seat&& other) noexcept;
        Seat(const Seat&) = delete;
        Seat& operator=(const Seat&) = delete;
        ~Seat() { give_back(); }

      private:
        friend class ConnectionCensus;
        Seat(std::shared_ptr<State> state, const IpAddress& source) noexcept;
        void give_back() noexcept;

        std::shared_ptr<State> state_;
        IpAddress source_;
    };

    ConnectionCensus(std::size_t in_all, std::size_t per_source);

    /// Nothing if a limit is reached.
    [[nodiscard]] std::optional<Seat> take(const IpAddress& source);
    [[nodiscard]] std::size_t taken() const;

  private:
    std::shared_ptr<State> state_;
    std::size_t in_all_;
    std::size_t per_source_;
};

} // namespace roundabout::transport
