#pragma once

#include "base/error.hpp"

#include <boost/system/result.hpp>

#include <string>

namespace roundabout::store {

/// Why the store can't be opened, in a sentence for the operator: it names the file, and what holds
/// it or what to do.
struct Failure {
    Error error = Error::store_unavailable;
    std::string sentence;
};

template <class T>
using StoreResult = boost::system::result<T, Failure>;

} // namespace roundabout::store
