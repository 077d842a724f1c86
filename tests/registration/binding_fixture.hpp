#pragma once

#include "registration/binding.hpp"

#include <cstdint>

namespace roundabout::test {

/// A browser's binding, different in every field for each `number`; not yet expired at noon of the
/// REGISTER scene.
[[nodiscard]] registration::Binding sample_binding(std::uint32_t number);

/// Equal in every field.
[[nodiscard]] bool same(const registration::Binding& a, const registration::Binding& b);

} // namespace roundabout::test
