#include "proxy/parked.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::proxy;
using registration::BindingId;

namespace {

BindingId id(std::uint8_t number) {
    BindingId made;
    made.bytes[0] = number;
    return made;
}

registration::ChangeSet upsert(const BindingId& binding) {
    registration::ChangeSet changes;
    changes.upserts.emplace_back().id = binding;
    return changes;
}

struct TwoWorkers {
    /// The tickets that have come to a worker since the last call.
    std::vector<transport::Ticket> woken(std::size_t worker) {
        std::vector<transport::Arrival> batch;
        inboxes[worker]->take(batch);
        std::vector<transport::Ticket> tickets;
        tickets.reserve(batch.size());
        for (const transport::Arrival& arrival : batch)
            tickets.push_back(std::get<transport::LookAgain>(arrival).ticket);
        return tickets;
    }

    transport::Inbox first{[] {}, 10};
    transport::Inbox second{[] {}, 10};
    transport::Inboxes inboxes{&first, &second};
    Parked parked{inboxes};
};

using Tickets = std::vector<transport::Ticket>;

} // namespace

TEST_CASE("A binding's change wakes those that wait for it, at every worker, and nobody else") {
    TwoWorkers workers;
    const auto one = workers.parked.park(id(1), 0, 11);
    const auto two = workers.parked.park(id(1), 1, 12);
    const auto other = workers.parked.park(id(2), 1, 13);
    workers.parked.changed(upsert(id(1)));
    CHECK(workers.woken(0) == Tickets{11});
    CHECK(workers.woken(1) == Tickets{12});
    workers.parked.changed(upsert(id(3)));
    CHECK(workers.woken(1).empty());
    CHECK_FALSE(one.moved_to().has_value());
    CHECK(static_cast<bool>(two));
    CHECK(static_cast<bool>(other));
}

TEST_CASE("Who has left is not woken, and its place is free") {
    TwoWorkers workers;
    std::vector<Parked::Place> places;
    places.reserve(Parked::limit);
    for (std::size_t i = 0; i < Parked::limit; ++i)
        places.push_back(workers.parked.park(id(1), i % 2, i));
    CHECK_FALSE(static_cast<bool>(workers.parked.park(id(1), 0, 99)));
    CHECK(static_cast<bool>(workers.parked.park(id(2), 0, 99)));
    places[3] = workers.parked.park(id(2), 0, 98); // 1 at the second worker, and it moves away
    CHECK(static_cast<bool>(workers.parked.park(id(1), 0, 99)));
    workers.parked.changed(upsert(id(1)));
    CHECK(workers.woken(0).size() == Parked::limit / 2);
    CHECK(workers.woken(1).size() == Parked::limit / 2 - 1);
}

TEST_CASE("At the end all are woken, and nobody begins to wait") {
    TwoWorkers workers;
    const auto one = workers.parked.park(id(1), 0, 11);
    const auto two = workers.parked.park(id(2), 1, 12);
    CHECK_FALSE(workers.parked.closed());
    workers.parked.close();
    CHECK(workers.parked.closed());
    CHECK(workers.woken(0) == Tickets{11});
    CHECK(workers.woken(1) == Tickets{12});
    CHECK_FALSE(static_cast<bool>(workers.parked.park(id(3), 0, 13)));
    CHECK(workers.parked.size() == 2);
}

TEST_CASE("R10 who waits for a replaced binding learns which one took its place") {
    TwoWorkers workers;
    const auto place = workers.parked.park(id(1), 0, 11);
    registration::ChangeSet changes = upsert(id(2));
    changes.removals.push_back({id(1), {}, 0, 0, id(2)});
    workers.parked.changed(changes);
    CHECK(workers.woken(0) == Tickets{11});
    CHECK(place.moved_to() == id(2));
}
