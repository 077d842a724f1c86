#pragma once

#include "registration/change_set.hpp"
#include "transport/distribution.hpp"
#include "transport/inbox.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace roundabout::proxy {

/// The requests of all workers that wait for a client's new flow, by the binding that will lead to
/// it (design: Registrations). One for all workers; any thread. Whoever changes bindings wakes by
/// it those that wait for them: one atomic load while nobody waits, else a short lock.
class Parked {
  public:
    /// Requests that may wait for one binding.
    static constexpr std::size_t limit = 16;

    /// One request's place. While it is held, LookAgain comes under its ticket with every change of
    /// the binding.
    class Place {
      public:
        Place() noexcept = default;
        Place(Place&& other) noexcept
            : parked_(std::exchange(other.parked_, nullptr))
            , binding_(other.binding_)
            , worker_(other.worker_)
            , ticket_(other.ticket_) {}
        Place& operator=(Place&& other) noexcept;
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;
        ~Place() { leave(); }

        void leave() noexcept;
        /// The binding that the device has instead of the one that is waited for, once it is known.
        [[nodiscard]] std::optional<registration::BindingId> moved_to() const;
        [[nodiscard]] explicit operator bool() const noexcept { return parked_ != nullptr; }

      private:
        friend class Parked;
        Parked* parked_ = nullptr;
        registration::BindingId binding_;
        std::uint16_t worker_ = 0;
        transport::Ticket ticket_ = 0;
    };

    /// `inboxes`: those of all workers, by number; filled before the first request.
    explicit Parked(const transport::Inboxes& inboxes) noexcept
        : inboxes_(inboxes) {}

    /// A place for a request at `worker`; none if `limit` wait for that binding already, or once
    /// nobody is to wait any more. What the
    /// caller knew of the binding may be out of date by then: look once more afterwards.
    [[nodiscard]] Place park(const registration::BindingId& binding, std::uint16_t worker,
                             transport::Ticket ticket);

    /// Wakes who waits for a binding that was changed, replaced or ended. To be called when the
    /// table has the changes.
    void changed(const registration::ChangeSet& changes);

    /// The process ends: whoever waits is woken, and nobody gets a place any more. An INVITE, which
    /// had a 100, is to give up; another request comes again, to whoever serves then.
    void close();
    [[nodiscard]] bool closed() const noexcept { return closed_; }

    /// How many requests wait now, for whatever binding.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

  private:
    struct Waiter {
        std::uint16_t worker = 0;
        transport::Ticket ticket = 0;
        std::optional<registration::BindingId> moved_to;
    };

    void wake(const registration::BindingId& binding,
              const std::optional<registration::BindingId>& moved_to);

    const transport::Inboxes& inboxes_;
    mutable std::mutex mutex_;
    std::unordered_map<registration::BindingId, std::vector<Waiter>> waiters_;
    std::atomic<std::size_t> size_ = 0; ///< over all bindings
    std::atomic<bool> closed_ = false;
};

} // namespace roundabout::proxy
