#pragma once

#include "proxy/services.hpp"
#include "registration/register_rules.hpp"
#include "routing/hop.hpp"
#include "sip/message.hpp"

#include <optional>
#include <string>
#include <vector>

namespace roundabout::proxy {

/// What a REGISTER asks for, and how its Contacts read towards the server. `out` is the side that
/// the server is on. Changes nothing. Errors as of registration::plan.
[[nodiscard]] Result<registration::RegisterPlan>
plan_register(const sip::Message& request, const config::TrustedServer& server, const Flow& flow,
              std::string_view listener, const routing::HopSide& out, const Services& services);

/// One REGISTER under way: its bindings are pending from the instant it leaves until its final
/// response, or until this is destroyed (design: Registrations; R3).
class Registering {
  public:
    /// `out` is the side that the server is on. Errors as of registration::plan.
    [[nodiscard]] static Result<Registering> begin(const sip::Message& request,
                                                   const config::TrustedServer& server,
                                                   const Flow& flow, std::string_view listener,
                                                   const routing::HopSide& out, Services& services);
    Registering(Registering&& other) noexcept;
    Registering& operator=(Registering&&) = delete;
    Registering(const Registering&) = delete;
    Registering& operator=(const Registering&) = delete;
    ~Registering() { drop(); }

    [[nodiscard]] const registration::RegisterPlan& plan() const noexcept { return plan_; }

    /// What the registrar's 2xx brought: how it reads on the way down, and what must be on disk
    /// before it goes there.
    struct Confirmed {
        std::vector<registration::RestoredContact> restored; ///< views into the response
        registration::ChangeSet changes;                     ///< as the table took them
    };
    /// Takes the 2xx: the bindings route from now on.
    [[nodiscard]] Confirmed confirm(const sip::Message& response);

    /// Ends the pending bindings.
    void drop() noexcept;

  private:
    Registering(registration::RegisterPlan plan, Services& services);
    [[nodiscard]] std::vector<registration::Binding> existing() const;

    registration::RegisterPlan plan_;
    Services* services_;
    registration::PendingKey key_;
};

} // namespace roundabout::proxy
