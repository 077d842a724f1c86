#pragma once

#include "transaction/events.hpp"
#include "transaction/loop/mailbox.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace roundabout::transaction {

/// The outcomes of what coroutines ask of the shell under a ticket.
using Outcome = std::variant<transport::Connected, transport::Resolved, transport::SendFailed,
                             transport::LookAgain, Committed, Found>;

class Tickets;

/// A ticket and the right to its outcomes. While it is held they go to the mailbox that it was
/// opened for; once it is destroyed they are discarded. Held in the same frame as the mailbox,
/// after it.
class OpenTicket {
  public:
    OpenTicket() noexcept = default;
    OpenTicket(OpenTicket&& other) noexcept
        : tickets_(std::exchange(other.tickets_, nullptr))
        , number_(std::exchange(other.number_, 0)) {}
    OpenTicket& operator=(OpenTicket&& other) noexcept;
    OpenTicket(const OpenTicket&) = delete;
    OpenTicket& operator=(const OpenTicket&) = delete;
    ~OpenTicket();

    /// What to hand to `FlowTable::connect` and the like. Never 0 for an open ticket.
    [[nodiscard]] transport::Ticket number() const noexcept { return number_; }
    /// Outcomes are discarded from now on.
    void close() noexcept;

  private:
    friend class Tickets;
    OpenTicket(Tickets& tickets, transport::Ticket number) noexcept
        : tickets_(&tickets)
        , number_(number) {}

    Tickets* tickets_ = nullptr;
    transport::Ticket number_ = 0;
};

/// Says which coroutine of a worker an outcome belongs to. A number is used once: an outcome that
/// comes after its coroutine has ended finds nobody. Outlives the tickets that it opens.
class Tickets {
  public:
    /// O(1), no allocation once as many were open before.
    template <class AnyEvent>
    [[nodiscard]] OpenTicket open(Mailbox<AnyEvent>& mailbox) {
        return open(&mailbox, [](void* box, Outcome&& outcome) {
            return std::visit(
                [box](auto&& kind) {
                    using Kind = std::remove_cvref_t<decltype(kind)>;
                    if constexpr (std::constructible_from<AnyEvent, Kind>)
                        return static_cast<Mailbox<AnyEvent>*>(box)->put(
                            AnyEvent(std::forward<decltype(kind)>(kind)));
                    else
                        return false;
                },
                std::move(outcome));
        });
    }

    /// False if nobody waits for it any more, or its mailbox is full.
    bool deliver(Outcome outcome);

  private:
    friend class OpenTicket;
    using Put = bool (*)(void* mailbox, Outcome&& outcome);
    struct Place {
        void* mailbox = nullptr;
        Put put = nullptr;
        std::uint32_t generation = 1;
    };

    [[nodiscard]] OpenTicket open(void* mailbox, Put put);
    void close(transport::Ticket number) noexcept;
    [[nodiscard]] Place* find(transport::Ticket number) noexcept;

    std::vector<Place> places_;
    std::vector<std::uint32_t> free_;
};

} // namespace roundabout::transaction
