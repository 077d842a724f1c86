#pragma once

#include "base/transport.hpp"
#include "registration/binding.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace roundabout::admin {

/// Which bindings a command means: those that meet every condition given here.
struct BindingFilter {
    std::optional<registration::BindingId> id;
    std::optional<std::string> aor;    ///< canonical, see registration::canonical_aor()
    std::optional<std::string> user;   ///< unescaped; the AOR's user or the Contact's
    std::optional<std::string> server; ///< name of the trusted server that granted it
    std::optional<Transport> transport;
    std::optional<std::chrono::seconds> expiring_within; ///< from now; what has expired counts
    bool expired = false;                                ///< only those past their expiry

    /// No condition: every binding meets it.
    [[nodiscard]] bool empty() const noexcept { return *this == BindingFilter{}; }
    friend bool operator==(const BindingFilter&, const BindingFilter&) = default;
};

[[nodiscard]] bool matches(const BindingFilter& filter, const registration::Binding& binding,
                           WallTime now);

/// The conditions in words for the log: "user alice, transport udp"; "all" without any.
[[nodiscard]] std::string describe(const BindingFilter& filter);

/// A binding's id as it stands in its rewritten Contact: 20 characters of base32.
[[nodiscard]] std::string id_text(const registration::BindingId& id);
/// The inverse of id_text(), in any case.
[[nodiscard]] std::optional<registration::BindingId> parse_id(std::string_view text);

} // namespace roundabout::admin
