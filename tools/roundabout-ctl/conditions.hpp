#pragma once

#include "roundabout-ctl/options.hpp"

#include <boost/program_options.hpp>

#include <optional>
#include <string>

namespace roundabout::ctl {

/// What is wrong with the command line, in a sentence; nothing: it is understood.
using Problem = std::optional<std::string>;

/// The value of an option that takes a text, if it was given.
[[nodiscard]] std::optional<std::string> text(const boost::program_options::variables_map& values,
                                              const char* name);

/// Takes an address-of-record, with or without its scheme.
[[nodiscard]] Problem take_aor(admin::BindingFilter& filter, const std::string& text);

/// Takes what is given beside the command: conditions on bindings, on what is traced, or the
/// question of explain. Reads no file. The command is known already.
[[nodiscard]] Problem take_conditions(Options& options,
                                      const boost::program_options::variables_map& values);

} // namespace roundabout::ctl
