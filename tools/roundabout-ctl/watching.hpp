#pragma once

#include "roundabout-ctl/options.hpp"
#include "roundabout-ctl/reach.hpp"

#include <iosfwd>

namespace roundabout::ctl {

/// Shows the proxy's status and what happened a second since the look before, again and again: on a
/// terminal on a page that stays, else one below the other, or as JSON. Once it has reached the
/// proxy it goes on while that is down. Returns after the last look, or why the first one failed.
[[nodiscard]] Reached<admin::End> watch(const Options& options, std::ostream& out);

} // namespace roundabout::ctl
