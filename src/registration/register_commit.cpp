#include "base/ascii.hpp"
#include "registration/contact_value.hpp"
#include "registration/nat_interval.hpp"
#include "registration/register_rules.hpp"
#include "sip/values.hpp"

#include <algorithm>

namespace roundabout::registration {
namespace {

/// One Contact value of the 2xx.
struct Listed {
    std::string_view text;
    Result<ContactValue> contact = Error::bad_contact;
    std::optional<BindingId> id;             ///< by its token, or by its user
    const PlannedContact* planned = nullptr; ///< the Contact of this REGISTER that it is
};

bool same_flow(const Binding& binding, const RegisterPath& path) {
    if (binding.flow.id || path.flow.id)
        return binding.flow.id == path.flow.id;
    return binding.flow.transport == Transport::udp && path.flow.transport == Transport::udp &&
           binding.flow.remote == path.flow.remote && binding.listener == path.listener;
}

/// The same device's same registration under another Contact (RFC 5626 §6: instance and reg-id
/// together; an instance alone may well have several).
bool replaces(const Binding& fresh, const Binding& old) {
    return fresh.reg_id != 0 && !fresh.instance.empty() && fresh.id != old.id &&
           fresh.reg_id == old.reg_id && fresh.instance == old.instance;
}

/// Applies one 2xx to one plan.
class Committer {
  public:
    Committer(const RegisterPlan& plan, const sip::Message& response, WallTime now,
              std::span<const Binding> existing, const BindingTokens& tokens)
        : plan_(plan)
        , now_(now)
        , existing_(existing)
        , tokens_(tokens)
        , expires_(expires_header(response)) {
        for (const sip::ValueAt& value : sip::values(response, sip::HeaderId::contact))
            listed_.push_back(read(value.text));
        for (Listed& listed : listed_) {
            if (!listed.id && listed.contact)
                recognise(listed);
        }
    }

    RegisterCommit run() {
        if (plan_.kind == RegisterPlan::Kind::remove_all)
            remove_all();
        for (std::size_t i = 0; i < plan_.contacts.size(); ++i) {
            if (is_first_of_its_id(i))
                settle(plan_.contacts[i]);
        }
        restore();
        return std::move(commit_);
    }

  private:
    [[nodiscard]] Listed read(std::string_view text) const {
        Listed listed{text, parse_contact(text), std::nullopt, nullptr};
        if (!listed.contact)
            return listed;
        if (const auto token = listed.contact->uri.parameter("rb"))
            listed.id = tokens_.parse(*token);
        if (listed.id)
            listed.planned = planned(*listed.id);
        return listed;
    }

    [[nodiscard]] const PlannedContact* planned(const BindingId& id) const {
        const auto found = std::ranges::find_if(plan_.contacts, [&](const PlannedContact& contact) {
            return contact.binding.id == id;
        });
        return found == plan_.contacts.end() ? nullptr : &*found;
    }

    [[nodiscard]] const Binding* existing(const BindingId& id) const {
        const auto found =
            std::ranges::find_if(existing_, [&](const Binding& row) { return row.id == id; });
        return found == existing_.end() ? nullptr : &*found;
    }

    [[nodiscard]] bool is_listed(const PlannedContact& contact) const {
        return std::ranges::any_of(listed_, [&](const Listed& listed) {
            return listed.planned != nullptr && listed.planned->binding.id == contact.binding.id;
        });
    }

    void recognise(Listed& listed) const {
        if (plan_.by_path)
            recognise_by_uri(listed);
        else
            recognise_by_user(listed);
    }

    /// By Path the registrar has the client's own URI. Flows of one device may share it: then the
    /// reg-id tells them apart, where the registrar repeats it (RFC 5626 §6).
    void recognise_by_uri(Listed& listed) const {
        const ContactValue& there = *listed.contact;
        const PlannedContact* found = nullptr;
        for (const PlannedContact& contact : plan_.contacts) {
            const Binding& ours = contact.binding;
            const auto uri = sip::parse_uri(ours.contact_uri);
            const bool same = uri && sip::equivalent(*uri, there.uri) &&
                              (there.instance.empty() || there.instance == ours.instance) &&
                              (there.reg_id == 0 || there.reg_id == ours.reg_id);
            if (same && (found == nullptr || there.reg_id == ours.reg_id))
                found = &contact;
        }
        if (found == nullptr)
            return;
        listed.id = found->binding.id;
        listed.planned = found;
    }

    /// For a registrar that has dropped our URI parameter: the host and port are still ours.
    void recognise_by_user(Listed& listed) const {
        const sip::Uri& uri = listed.contact->uri;
        const FacingAddress& facing = plan_.path.facing;
        if (!uri.is_sip() || !ascii::iequals(uri.host, facing.host) ||
            uri.port.value_or(default_port(facing.transport)) != facing.port)
            return;
        const std::string user = sip::unescape(uri.user);
        const PlannedContact* only = nullptr;
        for (const PlannedContact& contact : plan_.contacts) {
            if (contact.binding.user != user || (only && only->binding.id == contact.binding.id))
                continue;
            if (only != nullptr)
                return;
            only = &contact;
        }
        if (only == nullptr || is_listed(*only))
            return;
        listed.id = only->binding.id;
        listed.planned = only;
    }

    [[nodiscard]] bool is_first_of_its_id(std::size_t index) const {
        return planned(plan_.contacts[index].binding.id) == &plan_.contacts[index];
    }

    /// R8: a later REGISTER of the same Call-ID has had its 2xx already.
    [[nodiscard]] bool overtaken_by(const Binding& row) const {
        return row.call_id == plan_.call_id && row.cseq > plan_.cseq;
    }

    /// R4: what the registrar granted, in seconds; 0: it ends.
    [[nodiscard]] std::uint32_t granted(const PlannedContact& contact, const Listed* listed) const {
        if (listed == nullptr && (!listed_.empty() || contact.requested == 0U))
            return 0;
        const std::uint32_t unstated =
            expires_.value_or(contact.requested.value_or(default_expiry));
        const std::uint32_t seconds =
            listed != nullptr ? listed->contact->expires.value_or(unstated) : unstated;
        return std::min(seconds, longest_expiry);
    }

    void settle(const PlannedContact& contact) {
        const Binding& fresh = contact.binding;
        const bool overtaken = std::ranges::any_of(existing_, [&](const Binding& row) {
            return (row.id == fresh.id || replaces(fresh, row)) && overtaken_by(row);
        });
        if (overtaken) {
            ++commit_.overtaken;
            return;
        }
        const auto found = std::ranges::find_if(listed_, [&](const Listed& listed) {
            return listed.planned != nullptr && listed.planned->binding.id == fresh.id;
        });
        const Listed* listed = found == listed_.end() ? nullptr : &*found;
        const std::uint32_t seconds = granted(contact, listed);
        if (seconds == 0) {
            if (existing(fresh.id) != nullptr)
                commit_.changes.removals.push_back({fresh.id, plan_.call_id, plan_.cseq, 0});
            return;
        }
        Binding binding = fresh;
        if (listed != nullptr)
            binding.q = listed->contact->q.value_or(binding.q);
        binding.keepalive = nat_interval(binding, existing_, plan_.path.udp_keepalive);
        binding.registered = now_;
        binding.expires = now_ + std::chrono::seconds(seconds);
        commit_.changes.upserts.push_back(std::move(binding));
        end_replaced(fresh);
    }

    /// R10: what this device registered before under another Contact.
    void end_replaced(const Binding& fresh) {
        for (const Binding& row : existing_) {
            if (replaces(fresh, row) && planned(row.id) == nullptr && !is_ending(row.id))
                commit_.changes.removals.push_back({row.id, {}, 0, 0, fresh.id});
        }
    }

    [[nodiscard]] bool is_ending(const BindingId& id) const {
        return std::ranges::any_of(commit_.changes.removals,
                                   [&](const Removal& removal) { return removal.id == id; });
    }

    /// R5.
    void remove_all() {
        for (const Binding& row : existing_) {
            if (overtaken_by(row))
                ++commit_.overtaken;
            else
                commit_.changes.removals.push_back({row.id, plan_.call_id, plan_.cseq, 0});
        }
    }

    /// R2: one that is not of this REGISTER, but of the device that asks.
    [[nodiscard]] bool is_askers(const Binding& row) const {
        if (same_flow(row, plan_.path))
            return true;
        return !row.instance.empty() &&
               std::ranges::any_of(plan_.contacts, [&](const PlannedContact& contact) {
                   return contact.binding.instance == row.instance;
               });
    }

    void restore() {
        for (const Listed& listed : listed_) {
            if (!listed.id)
                continue;
            const Binding* row = existing(*listed.id);
            if (listed.planned != nullptr)
                commit_.restored.push_back({listed.text, listed.planned->binding.contact_uri});
            else if (row != nullptr && is_askers(*row))
                commit_.restored.push_back({listed.text, row->contact_uri});
        }
    }

    const RegisterPlan& plan_;
    WallTime now_;
    std::span<const Binding> existing_;
    const BindingTokens& tokens_;
    std::optional<std::uint32_t> expires_;
    std::vector<Listed> listed_;
    RegisterCommit commit_;
};

} // namespace

RegisterCommit commit(const RegisterPlan& plan, const sip::Message& response, WallTime now,
                      std::span<const Binding> existing, const BindingTokens& tokens) {
    return Committer(plan, response, now, existing, tokens).run();
}

} // namespace roundabout::registration
