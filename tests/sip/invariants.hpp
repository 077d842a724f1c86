#pragma once

#include "sip/message.hpp"

#include <string_view>

namespace roundabout::test {

/// What holds for every message that indexing gives, however faulty: spans lie within the bytes and
/// in order, rows tile the header, and whatever a typed accessor finds is a view into the message.
/// Empty if all of it holds, else a sentence on what does not.
[[nodiscard]] std::string_view violated_invariant(const sip::Message& message);

} // namespace roundabout::test
