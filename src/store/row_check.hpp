#pragma once

#include "registration/binding.hpp"

#include <string_view>

namespace roundabout::store {

/// What is wrong with a binding that was read from a file, in a few words; empty if a REGISTER
/// could have made it. Its URI goes into request lines and its addresses are sent to, so a row is
/// trusted no more than a datagram.
[[nodiscard]] std::string_view fault_of(const registration::Binding& binding);

} // namespace roundabout::store
