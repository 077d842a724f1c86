#pragma once

#include "registration/binding.hpp"

#include <cstdint>

namespace roundabout::test {

/// A browser's binding, different in every field for each `number`; not yet expired at noon of the
/// REGISTER scene.
[[nodiscard]] registration::Binding sample_binding(std::uint32_t number);

/// The same as it comes back from a database: what names a connection of this process is not kept,
/// and the times are as a REGISTER sets them.
[[nodiscard]] registration::Binding storable_binding(std::uint32_t number);

/// Equal in every field.
[[nodiscard]] bool same(const registration::Binding& a, const registration::Binding& b);

} // namespace roundabout::test
