#pragma once

#include "base/error.hpp"

#include <boost/system/result.hpp>

namespace roundabout {

/// A value, or the reason why there is none. Expected failures travel this way, never as
/// exceptions.
template <class T>
using Result = boost::system::result<T>;

} // namespace roundabout
