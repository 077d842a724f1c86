#pragma once

#include "config/config.hpp"
#include "config/document.hpp"
#include "config/report.hpp"
#include "config/section.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace roundabout::config {

/// What a document says, key by key, with defaults filled in and names of servers resolved. Wrong
/// kinds, unknown keys and values that can't be read go to `report`; how keys fit together is
/// validate()'s business.
[[nodiscard]] Config interpret(const Table& document, Report& report);

/// The parts of it, a file each.
void interpret_server(Section& section, TrustedServer& server);
/// `config` has its servers and domains already.
void interpret_listener(Section& section, const Config& config, Listener& listener);

/// Shared by the parts.
///
/// A transport by its word.
void read_transport(Section& section, std::string_view key, Transport& into);
/// `certificate` and `key`, or neither.
void read_certificate(Section& section, std::string_view chain_key, std::string_view key_key,
                      std::optional<Certificate>& into);
/// A number of seconds between `least` and `most`, also with a fraction.
void read_seconds(Section& section, std::string_view key, double least, double most,
                  std::chrono::milliseconds& into);
/// The `path` of a WebSocket.
void read_path(Section& section, std::string& into);
/// The name of a server, as its position.
void read_server_name(Section& section, std::string_view key, const Config& config,
                      ServerIndex& into);
/// Reports the keys of `keys` that are there although `transport` has no use for them.
void refuse_keys(Section& section, std::span<const std::string_view> keys, Transport transport,
                 std::string_view where_useful);
/// The position of the server named `name`; an unknown one is reported at `key`.
[[nodiscard]] ServerIndex find_server(Section& section, std::string_view key, const Config& config,
                                      std::string_view name);

} // namespace roundabout::config
