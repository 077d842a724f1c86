// REGISTERs and their 2xx, as they may come from any client and any registrar, one after another
// over one table: what plan() and commit() must hold whatever they are given.
//
// An input is a list of messages with lines "====" between them: request, response, request,
// response. In a response "{n}" stands for what the n-th Contact of its request was rewritten to,
// so that a registrar's answers are easily found. The first byte of a request that is '~' has it
// come from another client, '^' has it go to a registrar that wants Path.

#include "registration/binding_table.hpp"
#include "registration/plain_tokens.hpp"
#include "registration/register_rules.hpp"
#include "sip/edits.hpp"
#include "sip/parser.hpp"
#include "sip/values.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace roundabout;
using namespace roundabout::registration;

namespace {

constexpr std::string_view between = "\n====\n";

void require(bool condition) {
    if (!condition)
        std::abort();
}

std::optional<sip::Message> sound(std::string bytes) {
    Result<sip::Message> message = sip::index_message(std::move(bytes), sip::Framing::datagram);
    if (!message || sip::check_message(*message))
        return std::nullopt;
    return std::move(*message);
}

std::string_view next_part(std::string_view& rest) {
    const std::size_t end = std::min(rest.find(between), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + between.size(), rest.size()));
    return part;
}

std::vector<std::string> other_rows(const sip::Message& message) {
    std::vector<std::string> rows;
    for (const sip::HeaderField& row : message.headers()) {
        if (row.id != sip::HeaderId::contact)
            rows.emplace_back(message.text(row.line));
    }
    return rows;
}

/// Only Contact rows may differ, and they hold as many values as before.
void require_only_contacts_differ(const sip::Message& before, const std::string& after) {
    const Result<sip::Message> again = sip::index_message(after, sip::Framing::datagram);
    require(again.has_value() && again->defect() == before.defect());
    require(other_rows(before) == other_rows(*again));
    require(sip::values(before, sip::HeaderId::contact).size() ==
            sip::values(*again, sip::HeaderId::contact).size());
}

void check_plan(const sip::Message& request, const RegisterPlan& plan) {
    require(plan.contacts.size() <= contacts_limit);
    require(plan.kind == RegisterPlan::Kind::update || plan.contacts.empty());
    require(plan.by_path || !plan.outbound);
    sip::Edits edits(request);
    for (const PlannedContact& contact : plan.contacts) {
        require(contact.value.end() <= request.bytes().size());
        require(plan.by_path == contact.rewritten.empty());
        if (plan.by_path)
            continue;
        const Result<sip::Uri> uri = sip::parse_uri(contact.rewritten);
        require(uri.has_value() && uri->host == plan.path.facing.host && uri->headers.empty());
        require(test::plain_tokens().parse(uri->parameter("rb").value_or("")) ==
                contact.binding.id);
        require(request.text(contact.value).find(contact.binding.contact_uri) !=
                std::string_view::npos);
        edits.replace_uri(request.text(contact.value), contact.rewritten);
    }
    require_only_contacts_differ(request, edits.apply(false));
    for (const Binding& binding : pending_bindings(plan))
        require(binding.aor == plan.aor && binding.server == plan.path.server);
}

bool is_planned(const RegisterPlan& plan, const BindingId& id) {
    return std::ranges::any_of(
        plan.contacts, [&](const PlannedContact& contact) { return contact.binding.id == id; });
}

/// R2: the URI is of this REGISTER, or of a binding of this device.
bool may_be_shown(const RegisterPlan& plan, std::span<const Binding> existing,
                  const std::string& uri) {
    const auto planned = [&](const PlannedContact& contact) {
        return contact.binding.contact_uri == uri;
    };
    const auto own = [&](const Binding& row) {
        return row.contact_uri == uri &&
               (row.flow.remote == plan.path.flow.remote ||
                std::ranges::any_of(plan.contacts, [&](const PlannedContact& contact) {
                    return !row.instance.empty() && contact.binding.instance == row.instance;
                }));
    };
    return std::ranges::any_of(plan.contacts, planned) || std::ranges::any_of(existing, own);
}

void check_commit(const RegisterPlan& plan, const sip::Message& response,
                  std::span<const Binding> existing, const RegisterCommit& commit) {
    std::set<BindingId> touched;
    for (const Binding& binding : commit.changes.upserts) {
        require(plan.kind == RegisterPlan::Kind::update && is_planned(plan, binding.id));
        require(touched.insert(binding.id).second);
        require(binding.expires > test::noon &&
                binding.expires <= test::noon + std::chrono::seconds(longest_expiry));
        require(binding.q <= 1000);
    }
    for (const Removal& removal : commit.changes.removals) {
        require(plan.kind != RegisterPlan::Kind::query);
        require(touched.insert(removal.id).second);
        require(std::ranges::any_of(existing,
                                    [&](const Binding& row) { return row.id == removal.id; }));
    }
    sip::Edits edits(response);
    for (const RestoredContact& contact : commit.restored) {
        require(may_be_shown(plan, existing, contact.uri));
        edits.replace_uri(contact.value, contact.uri);
    }
    require_only_contacts_differ(response, edits.apply(false));
}

std::string with_rewritten(std::string_view text, const RegisterPlan& plan) {
    std::string out(text);
    for (std::size_t i = 0; i < std::min<std::size_t>(plan.contacts.size(), 10); ++i) {
        const std::string mark = "{" + std::to_string(i) + "}";
        for (std::size_t at = out.find(mark); at != std::string::npos; at = out.find(mark, at))
            out.replace(at, mark.size(),
                        plan.by_path ? plan.contacts[i].binding.contact_uri
                                     : plan.contacts[i].rewritten);
    }
    return out;
}

void exchange(std::string_view asked, std::string_view answered, BindingTable& table) {
    RegisterPath path = test::udp_path();
    if (asked.starts_with('~')) {
        path.flow.remote = *Endpoint::parse("192.0.2.8:40000");
        asked.remove_prefix(1);
    }
    if (asked.starts_with('^')) {
        path.path_wanted = true;
        asked.remove_prefix(1);
    }
    const std::optional<sip::Message> request = sound(std::string(asked));
    if (!request || request->method() != sip::Method::registers)
        return;
    const BindingTokens tokens = test::plain_tokens();
    const Result<std::string> aor = aor_of(*request);
    if (!aor)
        return;
    const std::vector<Binding> existing = table.find_by_aor(path.server, *aor);
    const Result<RegisterPlan> planned = plan(*request, path, existing, tokens);
    if (!planned)
        return;
    check_plan(*request, *planned);
    const std::optional<sip::Message> response = sound(with_rewritten(answered, *planned));
    if (!response || !response->is_response())
        return;
    const RegisterCommit done = commit(*planned, *response, test::noon, existing, tokens);
    check_commit(*planned, *response, existing, done);

    const ChangeSet applied = table.apply(done.changes);
    require(applied.size() == done.changes.size());
    for (const Binding& binding : applied.upserts) {
        const std::optional<Found> found = table.find(binding.id);
        require(found.has_value() && !found->pending &&
                found->binding.contact_uri == binding.contact_uri &&
                found->binding.user == binding.user);
    }
    for (const Removal& removal : applied.removals)
        require(!table.find(removal.id).has_value());
    require(table.find_by_aor(path.server, *aor).size() + done.changes.removals.size() <=
            existing.size() + done.changes.upserts.size());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    BindingTable table({1, 2});
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    for (int i = 0; i < 4 && !rest.empty(); ++i) {
        const std::string_view asked = next_part(rest);
        exchange(asked, next_part(rest), table);
    }
    return 0;
}
