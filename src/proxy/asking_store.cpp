#include "proxy/asking_store.hpp"

#include "proxy/deciding.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace roundabout::proxy {
namespace {

using transaction::Event;
using transaction::Loop;
using transaction::Mailbox;
using transaction::Taken;
using transaction::Task;

/// What is to be asked now, beyond `asked`, without what the cache can answer by itself.
std::vector<store::Lookup> open_questions(const transport::Inbound& request,
                                          const std::vector<store::Lookup>& asked,
                                          Services& services, const Snapshot& snapshot) {
    std::vector<store::Lookup> open;
    for (store::Lookup& lookup : lookups_for(request, services, snapshot)) {
        const auto* by_id = std::get_if<store::ById>(&lookup);
        const bool known = by_id != nullptr && services.bindings.find(by_id->id).has_value();
        if (!known && std::ranges::find(asked, lookup) == asked.end() &&
            std::ranges::find(open, lookup) == open.end())
            open.push_back(std::move(lookup));
    }
    return open;
}

} // namespace

Task ask_store_first(Loop& loop, Services& services, SnapshotPtr snapshot,
                     transport::Inbound request, std::function<void(transport::Inbound)> then) {
    Mailbox<Event> inbox(loop);
    const TimePoint deadline = loop.now() + snapshot->config->store.wait;
    std::vector<store::Lookup> asked;
    bool late = false;
    while (!late) {
        const std::vector<store::Lookup> open = open_questions(request, asked, services, *snapshot);
        if (open.empty())
            break;
        std::vector<transaction::OpenTicket> tickets;
        for (const store::Lookup& lookup : open) {
            tickets.push_back(services.layer.tickets.open(inbox));
            services.store.find(lookup, {services.worker, tickets.back().number()});
            asked.push_back(lookup);
        }
        for (std::size_t unanswered = tickets.size(); unanswered != 0 && !late;) {
            Taken<Event> event = co_await inbox.next(deadline);
            if (!event)
                late = true;
            else if (std::holds_alternative<transaction::Found>(*event))
                --unanswered;
        }
    }
    then(std::move(request));
}

void take_rows(store::FoundRows found, Services& services) {
    if (found.bindings) {
        for (registration::Binding& binding : *found.bindings) {
            binding.flow.listener = services.snapshot->listener_by_name(binding.listener);
            services.bindings.restore(std::move(binding));
        }
    }
    services.layer.tickets.deliver(transaction::Found{found.ticket});
}

} // namespace roundabout::proxy
