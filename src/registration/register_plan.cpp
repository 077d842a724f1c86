#include "registration/aor.hpp"
#include "registration/contact_value.hpp"
#include "registration/register_rules.hpp"
#include "sip/values.hpp"

#include <algorithm>

namespace roundabout::registration {
namespace {

/// Contact or Via naming another address than the one the request came from means that a NAT, or a
/// name only the client knows, lies between: such a Contact can't be dialled.
bool names_source(std::string_view host, std::optional<std::uint16_t> port, const Flow& flow) {
    const Result<IpAddress> address = IpAddress::parse(host);
    if (!address || *address != flow.remote.address)
        return false;
    // A stream's source port is the connection's, not the one that the client listens on.
    return is_reliable(flow.transport) ||
           port.value_or(default_port(flow.transport)) == flow.remote.port;
}

bool is_behind_nat(const sip::Message& request, const sip::Uri& contact, const Flow& flow) {
    const Result<sip::Via> via = sip::top_via(request);
    return !names_source(contact.host, contact.port, flow) || !via ||
           !names_source(via->host, via->port, flow);
}

/// The id that this very Contact is already known by, so that a change of key does not give the
/// registrar a second row.
const Binding* known(std::span<const Binding> existing, const Binding& contact) {
    const auto same = [&](const Binding& row) {
        return row.server == contact.server && row.aor == contact.aor &&
               row.contact_uri == contact.contact_uri && row.instance == contact.instance &&
               row.reg_id == contact.reg_id;
    };
    const auto found = std::ranges::find_if(existing, same);
    return found == existing.end() ? nullptr : &*found;
}

/// Reads one REGISTER's Contacts, one after another.
class Planner {
  public:
    Planner(const sip::Message& request, const RegisterPath& path,
            std::span<const Binding> existing, const BindingTokens& tokens)
        : request_(request)
        , existing_(existing)
        , tokens_(tokens) {
        plan_.path = path;
    }

    Result<RegisterPlan> run() {
        if (const Result<void> done = read_identity(); !done)
            return done.error();
        const std::vector<sip::ValueAt> contacts = sip::values(request_, sip::HeaderId::contact);
        if (contacts.empty())
            return std::move(plan_);
        if (contacts.size() > contacts_limit)
            return Error::too_many_values;
        plan_.kind = RegisterPlan::Kind::update;
        plan_.by_path =
            plan_.path.path_wanted && sip::has_option(request_, sip::HeaderId::supported, "path");
        for (const sip::ValueAt& contact : contacts) {
            const Result<void> done =
                contact.text == "*" ? take_star(contacts.size()) : take_contact(contact.text);
            if (!done)
                return done.error();
        }
        plan_.by_path = plan_.by_path && plan_.kind == RegisterPlan::Kind::update;
        plan_.outbound = plan_.by_path && is_outbound();
        return std::move(plan_);
    }

  private:
    [[nodiscard]] bool is_outbound() const {
        const auto named = [](const PlannedContact& contact) {
            return contact.binding.reg_id != 0 && !contact.binding.instance.empty();
        };
        return sip::has_option(request_, sip::HeaderId::supported, "outbound") &&
               sip::values(request_, sip::HeaderId::via).size() == 1 &&
               std::ranges::any_of(plan_.contacts, named);
    }

    Result<void> read_identity() {
        const Result<std::string> aor = aor_of(request_);
        if (!aor)
            return aor.error();
        const Result<sip::CSeq> cseq = sip::cseq(request_);
        if (!cseq)
            return cseq.error();
        plan_.aor = *aor;
        plan_.cseq = cseq->number;
        plan_.call_id = sip::call_id(request_);
        expires_ = expires_header(request_);
        if (plan_.aor.size() > value_limit || plan_.call_id.size() > value_limit)
            return Error::value_too_long;
        return {};
    }

    /// RFC 3261 §10.2.2: "*" stands alone and asks for nothing but removal (R5).
    Result<void> take_star(std::size_t contacts) {
        if (contacts != 1 || expires_ != 0U)
            return Error::bad_contact;
        plan_.kind = RegisterPlan::Kind::remove_all;
        return {};
    }

    Result<void> take_contact(std::string_view value) {
        const Result<ContactValue> contact = parse_contact(value);
        if (!contact)
            return Error::bad_contact;
        // R13: a GRUU is the registrar's own name for the client, and a tel or mailto URI leads
        // elsewhere; there is nothing of the client's to hide or to find again.
        if (!contact->uri.is_sip() || contact->uri.parameter("gr"))
            return {};
        if (contact->uri.text.size() > value_limit || contact->instance.size() > value_limit)
            return Error::value_too_long;

        PlannedContact planned;
        planned.value = sip::span_of(request_, value);
        planned.requested = contact->expires ? contact->expires : expires_;
        planned.binding = make_binding(*contact);
        Binding& binding = planned.binding;
        const Result<BindingId> id = id_of(binding);
        if (!id)
            return id.error();
        binding.id = *id;
        if (!plan_.by_path)
            planned.rewritten =
                rewritten_contact(contact->uri, tokens_.text(binding.id), plan_.path.facing);
        plan_.contacts.push_back(std::move(planned));
        return {};
    }

    [[nodiscard]] Binding make_binding(const ContactValue& contact) const {
        Binding binding;
        binding.aor = plan_.aor;
        binding.contact_uri = contact.uri.text;
        binding.user = sip::unescape(contact.uri.user);
        binding.server = plan_.path.server;
        binding.flow = plan_.path.flow;
        binding.listener = plan_.path.listener;
        binding.behind_nat = is_behind_nat(request_, contact.uri, plan_.path.flow);
        binding.instance = contact.instance;
        binding.reg_id = contact.reg_id;
        binding.q = contact.q.value_or(1000);
        binding.call_id = plan_.call_id;
        binding.cseq = plan_.cseq;
        binding.user_agent = request_.value(sip::HeaderId::user_agent).substr(0, user_agent_kept);
        binding.expires = WallTime::max();
        return binding;
    }

    [[nodiscard]] Result<BindingId> id_of(const Binding& binding) const {
        if (const Binding* row = known(existing_, binding))
            return row->id;
        return tokens_.id(binding.server, binding.aor, binding.contact_uri, binding.instance,
                          binding.reg_id);
    }

    static constexpr std::size_t user_agent_kept = 128; // for people to read, not to compare

    const sip::Message& request_;
    std::span<const Binding> existing_;
    const BindingTokens& tokens_;
    RegisterPlan plan_;
    std::optional<std::uint32_t> expires_;
};

} // namespace

std::string rewritten_contact(const sip::Uri& contact, std::string_view id_text,
                              const FacingAddress& facing) {
    std::string uri = "sip:";
    if (contact.has_user) {
        uri += contact.user;
        uri.push_back('@');
    }
    uri += facing.host;
    uri += ":" + std::to_string(facing.port);
    uri += ";transport=";
    uri += uri_parameter(facing.transport);
    uri += ";rb=";
    uri += id_text;
    return uri;
}

Result<std::string> aor_of(const sip::Message& request) {
    const Result<sip::NameAddr> to = sip::to(request);
    if (!to)
        return to.error();
    Result<std::string> aor = canonical_aor(to->uri);
    if (!aor && to_error(aor.error()) == Error::bad_request_uri)
        return Error::bad_from_or_to;
    return aor;
}

std::vector<Binding> pending_bindings(const RegisterPlan& plan) {
    std::vector<Binding> pending;
    for (const PlannedContact& contact : plan.contacts) {
        const auto same = [&](const Binding& binding) { return binding.id == contact.binding.id; };
        if (contact.requested != 0U && std::ranges::none_of(pending, same))
            pending.push_back(contact.binding);
    }
    return pending;
}

Result<RegisterPlan> plan(const sip::Message& request, const RegisterPath& path,
                          std::span<const Binding> existing, const BindingTokens& tokens) {
    return Planner(request, path, existing, tokens).run();
}

} // namespace roundabout::registration
