#pragma once

#include "base/result.hpp"
#include "registration/binding.hpp"
#include "registration/change_set.hpp"
#include "sip/message.hpp"
#include "sip/uri.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What a REGISTER and its 2xx mean to us (RFC 3261 §10, rules R1 to R13), as pure functions:
/// plan() on the way up, commit() on the way down.
namespace roundabout::registration {

/// Contacts of one REGISTER beyond which it is refused.
inline constexpr std::size_t contacts_limit = 64;
/// Bytes of an AOR, a Contact URI, an instance or a Call-ID beyond which a REGISTER is refused.
inline constexpr std::size_t value_limit = 4096;
/// Seconds for a Contact whose expiry nobody names (RFC 3261 §10.3 step 6 leaves it to local
/// policy; §20.19 takes 3600 for a malformed value).
inline constexpr std::uint32_t default_expiry = 3600;
/// Seconds beyond which no expiry is believed: a year. 2**32-1 would leave the calendar.
inline constexpr std::uint32_t longest_expiry = 366U * 24 * 3600;

/// What the rules need of the tokens, which belong to another room because they need a key.
struct BindingTokens {
    /// The id of (server, AOR, Contact URI, instance, reg-id); the same each time. Error:
    /// key_unusable.
    std::function<Result<BindingId>(std::string_view server, std::string_view aor,
                                    std::string_view contact_uri, std::string_view instance,
                                    std::uint32_t reg_id)>
        id;
    /// The value of `rb=`, lower case.
    std::function<std::string(const BindingId&)> text;
    /// Its inverse, in any case; nothing for anything else.
    std::function<std::optional<BindingId>(std::string_view)> parse;
};

/// How the server that a REGISTER goes to reaches us: the advertised address of the listener that
/// faces it.
struct FacingAddress {
    std::string host; ///< name or address; IPv6 with brackets
    std::uint16_t port = 0;
    Transport transport = Transport::udp;
};

/// Where a REGISTER came from and goes to.
struct RegisterPath {
    std::string server;   ///< name of the trusted server
    Flow flow;            ///< the client's
    std::string listener; ///< as in Binding::listener
    FacingAddress facing;
    std::uint16_t udp_keepalive = 0; ///< seconds from one datagram to a NATed client to the next
    bool path_wanted = false;        ///< Path instead of our Contact, for clients that support it
};

/// One Contact that we take the place of.
struct PlannedContact {
    sip::Span value;       ///< the Contact value in the request
    std::string rewritten; ///< the URI to put there, by Edits::replace_uri; empty: it stays
    Binding binding;       ///< what is pending, and confirmed by a 2xx
    std::optional<std::uint32_t> requested; ///< seconds; nothing if the client left it open
};

/// A REGISTER understood. Holds no view; the spans are into the request that it was made from.
struct RegisterPlan {
    enum class Kind : std::uint8_t {
        query,      ///< no Contact: changes nothing (R6)
        update,     ///< Contacts, of which `contacts` are ours to replace
        remove_all, ///< `Contact: *` with `Expires: 0` (R5)
    };
    Kind kind = Kind::query;
    std::string aor; ///< canonical
    std::string call_id;
    std::uint32_t cseq = 0;
    RegisterPath path;
    /// The Contacts stay as they are, and our URI goes on top of Path. Where the server wants that
    /// and the client supports it (R12): RFC 3327 §5.2 has a proxy add Path to no other's REGISTER,
    /// or refuse it by 421; here it gets our Contact instead, so that it can be reached as well.
    bool by_path = false;
    /// The client manages its flows itself (RFC 5626 §4.2.1: `outbound`, instance and reg-id) and
    /// came here first, which is what its one Via shows (§5.1): our Path URI says `ob`, and a flow
    /// of its that failed is answered 430. Only by_path.
    bool outbound = false;
    /// At most contacts_limit. Without those that are left as they are: no SIP URI, or `gr` (R13).
    std::vector<PlannedContact> contacts;
};

/// "sip:USER@HOST:PORT;transport=T;rb=ID": what stands in place of a client's Contact URI towards a
/// server (design: Tokens). USER is byte for byte the client's (R1), without its password; its URI
/// parameters and headers are not carried, they come back with the URI itself.
[[nodiscard]] std::string rewritten_contact(const sip::Uri& contact, std::string_view id_text,
                                            const FacingAddress& facing);

/// Reads a REGISTER that is about to be forwarded. `existing` are the bindings of its AOR through
/// this server: a Contact that is among them keeps the id it has, even if the key has changed
/// since. Errors, each answered 400: bad_contact (malformed; `*` not alone or without `Expires: 0`,
/// R5), too_many_values, value_too_long, bad_from_or_to, bad_cseq, missing_header; and
/// unsupported_scheme (416) for a To that is no SIP URI; key_unusable (500) where no id can be
/// made.
[[nodiscard]] Result<RegisterPlan> plan(const sip::Message& request, const RegisterPath& path,
                                        std::span<const Binding> existing,
                                        const BindingTokens& tokens);

/// What of a plan is to be made pending, each binding once; not what it asks to end.
[[nodiscard]] std::vector<Binding> pending_bindings(const RegisterPlan& plan);

/// The canonical AOR of a REGISTER, to look `existing` up by. Errors as of plan().
[[nodiscard]] Result<std::string> aor_of(const sip::Message& request);

/// A Contact in the 2xx that becomes the client's own URI again.
struct RestoredContact {
    std::string_view value; ///< view into the response, for Edits::replace_uri
    std::string uri;        ///< byte for byte what the client sent (R1)
};

/// What a registrar's 2xx changes, and how it reads on the way down.
struct RegisterCommit {
    ChangeSet changes;
    std::vector<RestoredContact> restored;
    std::size_t overtaken = 0; ///< Contacts ignored because of a later CSeq (R8)
};

/// Takes a 2xx to the REGISTER that `plan` was made from. `existing` are the bindings of its AOR
/// through this server now; `now` is the wall clock. Contacts are recognised by token, not by
/// bytes: a registrar may write parameters in another order or case. Where it has lost our
/// parameter, a value with our host and port and the user of exactly one Contact of this REGISTER
/// is that one.
[[nodiscard]] RegisterCommit commit(const RegisterPlan& plan, const sip::Message& response,
                                    WallTime now, std::span<const Binding> existing,
                                    const BindingTokens& tokens);

} // namespace roundabout::registration
