#include "transaction/loop/task.hpp"
#include "transaction/tickets.hpp"

#include <doctest/doctest.h>

#include <set>
#include <vector>

using namespace roundabout;
using namespace roundabout::transaction;

TEST_CASE("An outcome reaches the mailbox that its ticket was opened for") {
    Loop loop;
    Tickets tickets;
    Mailbox<Event> first(loop);
    Mailbox<Event> second(loop);
    const OpenTicket one = tickets.open(first);
    const OpenTicket two = tickets.open(second);
    CHECK(one.number() != two.number());
    CHECK(tickets.deliver(Committed{two.number(), true}));
    CHECK(first.empty());
    CHECK(second.size() == 1);
}

TEST_CASE("An outcome for a closed ticket is discarded, also when its place is used again") {
    Loop loop;
    Tickets tickets;
    Mailbox<Event> inbox(loop);
    OpenTicket ticket = tickets.open(inbox);
    const transport::Ticket old = ticket.number();
    ticket.close();
    CHECK_FALSE(tickets.deliver(transport::Connected{old, Error::connect_refused}));
    const OpenTicket next = tickets.open(inbox);
    CHECK(next.number() != old);
    CHECK_FALSE(tickets.deliver(transport::Connected{old, Error::connect_refused}));
    CHECK(inbox.empty());
}

TEST_CASE("A ticket ends with what holds it, and moves along with it") {
    Loop loop;
    Tickets tickets;
    Mailbox<Event> inbox(loop);
    transport::Ticket number = 0;
    {
        OpenTicket ticket = tickets.open(inbox);
        number = ticket.number();
        const OpenTicket moved = std::move(ticket);
        CHECK(tickets.deliver(Committed{number, false}));
        OpenTicket other = tickets.open(inbox);
        const transport::Ticket replaced = other.number();
        other = OpenTicket();
        CHECK_FALSE(tickets.deliver(Committed{replaced, false}));
    }
    CHECK_FALSE(tickets.deliver(Committed{number, false}));
    CHECK(inbox.size() == 1);
}

TEST_CASE("A mailbox that has no word for an outcome does not get it") {
    Loop loop;
    Tickets tickets;
    Mailbox<ClientEvent> inbox(loop);
    const OpenTicket ticket = tickets.open(inbox);
    CHECK_FALSE(tickets.deliver(transport::Resolved{ticket.number(), Error::resolve_failed}));
    CHECK(tickets.deliver(transport::SendFailed{ticket.number(), Error::send_failed}));
    CHECK(inbox.size() == 1);
}

TEST_CASE("Ticket numbers are never 0 and never come twice") {
    Loop loop;
    Tickets tickets;
    Mailbox<Event> inbox(loop);
    std::set<transport::Ticket> seen;
    std::vector<OpenTicket> held;
    for (int i = 0; i < 1000; ++i) {
        held.push_back(tickets.open(inbox));
        CHECK(held.back().number() != 0);
        CHECK(seen.insert(held.back().number()).second);
        if (i % 3 == 0)
            held.erase(held.begin());
    }
}

TEST_CASE("Tickets that were never given out find nobody") {
    Tickets tickets;
    CHECK_FALSE(tickets.deliver(Committed{0, true}));
    CHECK_FALSE(tickets.deliver(Committed{1, true}));
    CHECK_FALSE(tickets.deliver(Committed{~transport::Ticket{0}, true}));
}
